package org.kho4j.fdt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** A flattened device tree, version 17. */
public final class Fdt {

  /** The first four bytes, big-endian. */
  public static final int MAGIC = 0xd00dfeed;

  /** Bytes of the header of version 17. */
  public static final int HEADER_SIZE = 40;

  private Fdt() {}

  /** Whether the bytes start with {@link #MAGIC}. */
  public static boolean isMagic(MemorySegment blob) {
    return blob.byteSize() >= Integer.BYTES
        && blob.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 0) == MAGIC;
  }

  /**
   * Reads a blob. The blob may be shorter than the segment, and never longer.
   *
   * @return the root node; its values are slices of {@code blob}
   * @throws FdtException if anything is wrong with it
   */
  @SuppressWarnings("DoNotCallSuggester")
  public static FdtNode read(MemorySegment blob) {
    throw new FdtException(FdtError.TRUNCATED, 0, "not yet: " + blob);
  }

  /**
   * The blob's own size, from its header.
   *
   * @throws FdtException if it does not start with an FDT header
   */
  @SuppressWarnings("DoNotCallSuggester")
  public static long totalSize(MemorySegment blob) {
    throw new FdtException(FdtError.TRUNCATED, 0, "not yet: " + blob);
  }
}
