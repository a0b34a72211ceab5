/**
 * Physical memory by address: read from any source by {@link PhysicalMemory}, written as {@link
 * WritableMemory}. A {@link ScatteredView} makes one area of scattered runs.
 */
package org.kho4j.memory;
