package org.kho4j.fdt;

import java.lang.foreign.MemorySegment;

/**
 * A property of a node.
 *
 * @param name its name
 * @param value its bytes, read-only; only 4-byte aligned within a blob, so numbers are read
 *     unaligned. FDT fixes no byte order for what is in it.
 */
public record FdtProperty(String name, MemorySegment value) {}
