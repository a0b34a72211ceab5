package org.kho4j.memory;

import org.jspecify.annotations.Nullable;

/**
 * How to open a memory image.
 *
 * @param format the form to take it for, or null to find it by content; of what is zstd-compressed
 *     as a whole, the form of what is in it
 * @param base physical address of a raw file's first byte, not negative; ignored by the other
 *     forms, which carry addresses
 * @param holes finds the holes of a raw file, which a search leaves out
 */
public record OpenOptions(MemorySource.@Nullable Kind format, long base, FileHoles holes) {

  /** Found by content, raw files from address 0 on. */
  public static final OpenOptions DEFAULT = new OpenOptions(null, 0);

  /** Takes a raw file as it is, without a look for holes. */
  public OpenOptions(MemorySource.@Nullable Kind format, long base) {
    this(format, base, FileHoles.NONE);
  }

  /**
   * Checks the base.
   *
   * @throws IllegalArgumentException if {@code base} is negative
   */
  public OpenOptions {
    if (base < 0) {
      throw new IllegalArgumentException(
          "a base of 0x" + Long.toHexString(base) + ": the highest is 0x7fffffffffffffff");
    }
  }
}
