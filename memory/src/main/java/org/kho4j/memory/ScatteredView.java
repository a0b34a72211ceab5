package org.kho4j.memory;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Scattered memory, seen as one area of consecutive offsets. Where the host can map it, the area is
 * one {@linkplain #contiguous() segment}; otherwise it is accessed run by run. Code that uses the
 * other methods works on both.
 */
public sealed interface ScatteredView permits ContiguousView, RunwiseView {

  /** Returns the size of the area in bytes. */
  long size();

  /** Returns the area as one segment, if it was mapped contiguously. */
  Optional<MemorySegment> contiguous();

  /**
   * Copies {@code target.byteSize()} bytes out of the area.
   *
   * @param offset of the first byte in the area
   * @throws IndexOutOfBoundsException if the area ends before that
   */
  void copyTo(long offset, MemorySegment target);

  /**
   * Copies all of {@code source} into the area.
   *
   * @param offset in the area of the first byte to overwrite
   * @throws IndexOutOfBoundsException if the area ends before that
   */
  void copyFrom(long offset, MemorySegment source);

  /** Visits the area from its first byte to its last, in pieces that are contiguous each. */
  void forEachRun(SegmentVisitor visitor);

  /** Visits the pieces of an area. */
  @FunctionalInterface
  interface SegmentVisitor {
    /**
     * Takes one piece.
     *
     * @param offset in the area of its first byte
     * @param bytes the piece itself, writable
     */
    void run(long offset, MemorySegment bytes);
  }
}
