/**
 * Reads and writes named reservations ({@code reserve_mem=}), the data of the kernel's memblock.
 */
package org.kho4j.handover.memblock;
