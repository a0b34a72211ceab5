/**
 * Physical memory by address: read from any source by {@link PhysicalMemory}, written as {@link
 * WritableMemory}. A {@link ScatteredView} presents scattered runs as one area.
 */
package org.kho4j.memory;
