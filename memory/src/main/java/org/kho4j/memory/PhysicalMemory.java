package org.kho4j.memory;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Physical memory, read by physical address. Immutable, and safe to share between threads until it
 * is closed.
 *
 * <p>RAM and present are two sets. RAM is all memory of the machine; present memory is the part of
 * RAM that the source has: a dump leaves pages out. RAM decides whether an address is memory, and
 * where memory ends. RAM that is not present never reads as zeros.
 */
public interface PhysicalMemory extends AutoCloseable {

  /** Returns the source of the memory. */
  MemorySource source();

  /**
   * Reads bytes from {@code address} on, into a read-only segment. Zero copy where they lie
   * contiguously in a mapped file, otherwise a copy; so a caller bounds {@code length} first.
   * Numbers in it are unaligned and native-endian as far as the caller knows.
   *
   * @param length at least 1, at most {@link Integer#MAX_VALUE}
   * @throws AbsentMemoryException if any of the bytes is not in the source; it names the first
   * @throws DamagedMemoryException if the source has a page and cannot decode it
   * @throws IllegalArgumentException if {@code length} is out of bounds
   * @throws IllegalStateException if the memory is closed
   * @throws java.io.UncheckedIOException if the source is not mapped (the memory of a running host,
   *     an image behind a {@link org.kho4j.files.RangeReader}) and cannot be read now
   */
  MemorySegment read(long address, long length);

  /**
   * Returns whether the source decodes its pages, so that {@link #peek} is faster than {@link
   * #read}.
   */
  default boolean isPacked() {
    return false;
  }

  /**
   * Reads bytes as {@link #read}, but decodes a page only as far as the bytes reach. So it does not
   * find out whether the rest of the page is damaged: this is for a search, whose finds are read
   * again.
   */
  default MemorySegment peek(long address, long length) {
    return read(address, length);
  }

  /**
   * Returns the place of bytes in a file; empty if no file stores them uncompressed and in one
   * piece.
   *
   * @throws IllegalStateException if the memory is closed
   */
  default Optional<FileExtent> extent(long address, long length) {
    return Optional.empty();
  }

  /**
   * Returns whether the source has all of these bytes; a damaged page counts as present. Any length
   * is allowed: 0 bytes are always present, a negative number (2^63 and more, taken from a dump)
   * never.
   *
   * @throws IllegalStateException if the memory is closed
   */
  boolean contains(long address, long length);

  /**
   * Returns whether all of these addresses are RAM of the machine, present or not. Any length is
   * allowed, as in {@link #contains}.
   *
   * @throws IllegalStateException if the memory is closed
   */
  default boolean isRam(long address, long length) {
    return contains(address, length);
  }

  /**
   * Visits every run of memory that the source has, ascending, adjacent runs merged.
   *
   * @throws IllegalStateException if the memory is closed
   */
  void forEachRange(RangeVisitor visitor);

  /**
   * Visits every run of the machine's RAM, present or not, ascending, adjacent runs merged. Every
   * run that {@link #forEachRange} visits lies in one of them.
   *
   * @throws IllegalStateException if the memory is closed
   */
  default void forEachRamRange(RangeVisitor visitor) {
    forEachRange(visitor);
  }

  /**
   * Visits every run of memory that may hold anything but zeros, ascending: the runs of {@link
   * #forEachRange}, without the known holes of a sparse file.
   *
   * @throws IllegalStateException if the memory is closed
   */
  default void forEachDataRange(RangeVisitor visitor) {
    forEachRange(visitor);
  }

  /**
   * Closes the source. Reading after that throws {@link IllegalStateException}; closing again does
   * nothing.
   */
  @Override
  void close();

  /** Visits runs of memory. */
  @FunctionalInterface
  interface RangeVisitor {
    /**
     * Takes one run.
     *
     * @param address first byte
     * @param length bytes, at least 1
     */
    void range(long address, long length);
  }
}
