package org.kho4j.memory;

import org.jspecify.annotations.Nullable;

/**
 * How to open a memory image.
 *
 * @param format the form to take it for, or null to find it by content; of what is zstd-compressed
 *     as a whole, the form of what is in it
 * @param base physical address of a raw file's first byte, not negative; ignored by the other
 *     forms, which carry addresses
 * @param layout where the bytes of a raw file stand, or null if all of them stand from {@code base}
 *     on; with a layout the file is taken for raw, whatever its content looks like
 * @param holes finds the holes of a raw file, which a search leaves out
 */
public record OpenOptions(
    MemorySource.@Nullable Kind format, long base, @Nullable RamLayout layout, FileHoles holes) {

  /** Found by content, raw files from address 0 on. */
  public static final OpenOptions DEFAULT = new OpenOptions(null, 0);

  /** Takes a raw file as it is, without a look for holes. */
  public OpenOptions(MemorySource.@Nullable Kind format, long base) {
    this(format, base, FileHoles.NONE);
  }

  /** A file whose bytes stand one behind the other. */
  public OpenOptions(MemorySource.@Nullable Kind format, long base, FileHoles holes) {
    this(format, base, null, holes);
  }

  /** A raw file of which a layout says where its bytes stand. */
  public static OpenOptions of(RamLayout layout, FileHoles holes) {
    return new OpenOptions(null, 0, layout, holes);
  }

  /**
   * Checks the base, and that a layout is the only thing that is said.
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
