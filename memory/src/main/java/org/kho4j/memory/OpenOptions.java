package org.kho4j.memory;

import org.jspecify.annotations.Nullable;

/**
 * How to open a memory image.
 *
 * @param format the form to take it for, or null to find it by content
 * @param base physical address of a raw file's first byte; ignored by the other forms, which carry
 *     addresses
 */
public record OpenOptions(MemorySource.@Nullable Kind format, long base) {

  /** Found by content, raw files from address 0 on. */
  public static final OpenOptions DEFAULT = new OpenOptions(null, 0);
}
