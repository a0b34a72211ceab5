package org.kho4j.memory.image;

import org.jspecify.annotations.Nullable;
import org.kho4j.memory.MemorySource;

/**
 * How to open a memory image.
 *
 * @param format the form of the image, or null to find it by content; of an image that is
 *     zstd-compressed as a whole, the form of the image inside
 * @param base physical address of a raw file's first byte, not negative; ignored by the other
 *     forms, which carry addresses
 * @param layout physical addresses of the bytes of a raw file, or null if the file is contiguous
 *     from {@code base} on; with a layout the file is read as raw, whatever its content
 */
public record OpenOptions(
    MemorySource.@Nullable Kind format, long base, @Nullable RamLayout layout) {

  /** Found by content, raw files from address 0 on. */
  public static final OpenOptions DEFAULT = new OpenOptions(null, 0);

  /** A file whose bytes are contiguous in physical memory. */
  public OpenOptions(MemorySource.@Nullable Kind format, long base) {
    this(format, base, null);
  }

  /** A raw file with a layout. */
  public static OpenOptions of(RamLayout layout) {
    return new OpenOptions(null, 0, layout);
  }

  /**
   * Checks the base, and that a layout comes alone.
   *
   * @throws IllegalArgumentException if {@code base} is negative, or a layout comes with another
   *     base or form
   */
  public OpenOptions {
    if (base < 0) {
      throw new IllegalArgumentException(
          "a base of 0x" + Long.toHexString(base) + ": the highest is 0x7fffffffffffffff");
    }
    if (layout != null && (base != 0 || (format != null && format != MemorySource.Kind.RAW))) {
      throw new IllegalArgumentException("a layout is that of a raw file, and has its addresses");
    }
  }
}
