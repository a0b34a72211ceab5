package org.kho4j.fdt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A flattened device tree, version 17.
 *
 * <p>The reader is for hostile bytes. It accepts whatever libfdt and dtc write: any order of the
 * blocks and slack between them, unused strings, names that share a string's tail, {@code FDT_NOP}
 * anywhere, padding that is not zero, and bytes behind the blob. It rejects what the specification
 * forbids, also where Linux would look past it: properties behind a subnode (Linux does not see
 * them), blocks that overlap, a named root, tokens behind {@code FDT_END}, and names that stand
 * twice among siblings. Time is linear in the blob's size, but for hashing; heap is bounded by a
 * constant multiple of it.
 */
public final class Fdt {

  /** The first four bytes, big-endian. */
  public static final int MAGIC = 0xd00dfeed;

  /** Bytes of the header of version 17. */
  public static final int HEADER_SIZE = 40;

  /** Levels of nodes that are read, the root included: as many as Linux unflattens. */
  public static final int MAX_DEPTH = 64;

  /**
   * Bytes of a name, without its NUL. The specification allows 31; properties may share a string's
   * tail, so without a bound a small blob could name gigabytes.
   */
  public static final int MAX_NAME_LENGTH = 255;

  private Fdt() {}

  /** Returns whether the bytes start with {@link #MAGIC}. */
  public static boolean isMagic(MemorySegment blob) {
    return blob.byteSize() >= Integer.BYTES
        && blob.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), 0) == MAGIC;
  }

  /**
   * Reads a blob. The blob may be shorter than the segment, and never longer. Versions 16, 17 and
   * later ones that are compatible with 17 by their header are read.
   *
   * <p>Names are UTF-8 (the specification's are ASCII) without control characters.
   *
   * @return the root node; its values are slices of {@code blob}, and live as long as it does
   * @throws FdtException if anything is wrong with it
   */
  public static FdtNode read(MemorySegment blob) {
    return new FdtReader(blob).read();
  }

  /**
   * Writes a tree as {@link FdtBuilder} does, without reservations.
   *
   * @return a blob on the heap, of exactly its size
   * @throws IllegalArgumentException if {@link #read} would not accept the tree
   */
  public static MemorySegment write(FdtNode root) {
    long bound = FdtBuilder.EMPTY_SIZE + sizeBound(root, 1);
    if (bound > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a tree of %d bytes is more than %d".formatted(bound, Integer.MAX_VALUE));
    }
    byte[] buffer = new byte[(int) bound];
    FdtBuilder builder = FdtBuilder.create(MemorySegment.ofArray(buffer));
    write(root, builder);
    byte[] blob = builder.finish().toArray(ValueLayout.JAVA_BYTE);
    return MemorySegment.ofArray(blob);
  }

  private static void write(FdtNode node, FdtBuilder builder) {
    builder.beginNode(node.name());
    node.properties().forEach(builder::property);
    node.children().forEach(child -> write(child, builder));
    builder.endNode();
  }

  /** Returns the bytes that the node takes if no two properties share a name. */
  private static long sizeBound(FdtNode node, int depth) {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException("a node is more than %d levels deep".formatted(MAX_DEPTH));
    }
    long size = 2 * FdtTag.SIZE + FdtTag.align(FdtName.encode(node.name()).length);
    for (FdtProperty property : node.properties()) {
      size += FdtTag.PROP_HEADER_SIZE + FdtTag.align(property.value().byteSize());
      size += FdtName.encode(property.name()).length;
    }
    for (FdtNode child : node.children()) {
      size += sizeBound(child, depth + 1);
    }
    return size;
  }

  /**
   * Returns the blob's own size, from its header. Only the header is read: the size may well be
   * more than the segment's.
   *
   * @return bytes, at least {@link #HEADER_SIZE}, below 4 GiB
   * @throws FdtException if it does not start with an FDT header
   */
  public static long totalSize(MemorySegment blob) {
    return FdtHeader.read(blob).totalSize();
  }

  /**
   * Returns the memory that the blob's reserve map keeps from use, without the terminating entry.
   *
   * @throws FdtException if the header is damaged or the map has no end
   */
  public static List<FdtReservation> reservations(MemorySegment blob) {
    FdtHeader header = FdtHeader.read(blob).checkLayout(blob);
    List<FdtReservation> reservations = new ArrayList<>();
    for (long at = header.reserveMapOffset(); ; at += FdtHeader.RESERVE_ENTRY_SIZE) {
      FdtReservation entry =
          new FdtReservation(
              blob.get(FdtHeader.LONG, at), blob.get(FdtHeader.LONG, at + Long.BYTES));
      if (entry.address() == 0 && entry.size() == 0) {
        return List.copyOf(reservations);
      }
      reservations.add(entry);
    }
  }
}
