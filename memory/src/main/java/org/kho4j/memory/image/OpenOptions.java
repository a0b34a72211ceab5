package org.kho4j.memory.image;

import org.jspecify.annotations.Nullable;
import org.kho4j.files.packed.Spool;
import org.kho4j.memory.MemorySource;

/**
 * The options for opening a memory image.
 *
 * @param format the form of the image, or null to find it by content; of an image that is packed as
 *     a whole, the form of the image inside
 * @param base physical address of a raw file's first byte, not negative; other forms, which record
 *     addresses, are opened with 0 only
 * @param layout physical addresses of the bytes of a raw file, or null if the file is contiguous
 *     from {@code base} on; with a layout the file is read as raw, whatever its content
 * @param skip bytes of a header in front of raw memory, not negative; with a header the file is
 *     read as raw, whatever its content
 * @param spool bounds the temporary file of an image that is packed as a whole, or comes out of a
 *     pipe
 */
public record OpenOptions(
    MemorySource.@Nullable Kind format,
    long base,
    @Nullable RamLayout layout,
    long skip,
    Spool spool) {

  /** The default: form by content, raw files from address 0 on. */
  public static final OpenOptions DEFAULT = new OpenOptions(null, 0);

  /** Creates options for a file whose bytes are contiguous in physical memory. */
  public OpenOptions(MemorySource.@Nullable Kind format, long base) {
    this(format, base, null);
  }

  /** Creates options for a file without a header. */
  public OpenOptions(MemorySource.@Nullable Kind format, long base, @Nullable RamLayout layout) {
    this(format, base, layout, 0, Spool.DEFAULT);
  }

  /** Returns options for a raw file with a layout. */
  public static OpenOptions of(RamLayout layout) {
    return new OpenOptions(null, 0, layout);
  }

  /** Returns a copy with a header in front of raw memory. */
  public OpenOptions withSkip(long bytes) {
    return new OpenOptions(format, base, layout, bytes, spool);
  }

  /** Returns a copy with other bounds of the temporary file. */
  public OpenOptions withSpool(Spool bounds) {
    return new OpenOptions(format, base, layout, skip, bounds);
  }

  /**
   * Checks base and header, and that a layout comes alone.
   *
   * @throws IllegalArgumentException if {@code base} or {@code skip} is negative, or a layout or a
   *     header comes with another form, or a layout with a base
   */
  public OpenOptions {
    if (base < 0) {
      throw new IllegalArgumentException(
          "a base of 0x" + Long.toHexString(base) + ": the highest is 0x7fffffffffffffff");
    }
    if (skip < 0) {
      throw new IllegalArgumentException("a header of " + skip + " bytes");
    }
    boolean raw = format == null || format == MemorySource.Kind.RAW;
    if (layout != null && (base != 0 || !raw)) {
      throw new IllegalArgumentException("a layout is that of a raw file, and has its addresses");
    }
    if (skip != 0 && !raw) {
      throw new IllegalArgumentException("a header to skip is in front of raw memory");
    }
  }
}
