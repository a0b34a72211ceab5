package org.kho4j.fdt;

/**
 * An entry of the memory reserve map.
 *
 * @param address physical, unsigned
 * @param size in bytes, unsigned
 */
public record FdtReservation(long address, long size) {}
