package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.KhoVersion;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;

/**
 * A named blob that the root FDT lists.
 *
 * @param name of its node
 * @param address physical address of the blob
 * @param size bytes, as registered; an unsigned number that nobody has checked
 */
public record Subtree(String name, long address, long size) {

  /** The path of the blob, for messages. */
  public Where where() {
    return Where.ROOT.in(name);
  }

  /**
   * The blob's bytes.
   *
   * @throws HandoverException if there can be no such memory
   */
  public Content content(HandoverMemory memory) {
    return Content.contiguous(memory, where(), address, size);
  }

  /**
   * The size of a blob in a version that records none: the blob is a device tree, and its header
   * has the size.
   *
   * @throws HandoverException if the blob is no device tree, or its header is broken
   */
  public static long treeSize(
      HandoverMemory memory, Where where, long address, KhoVersion version) {
    MemorySegment header = memory.bytes(where, address, Fdt.HEADER_SIZE);
    if (!Fdt.isMagic(header)) {
      throw where.broken(
          address,
          "the blob is no device tree, and %s has no other way to tell its size"
              .formatted(version));
    }
    try {
      return Fdt.totalSize(header);
    } catch (FdtException e) {
      throw where.broken(
          address,
          "the blob's header is broken, and %s has no other way to tell its size: %s"
              .formatted(version, e.getMessage()));
    }
  }
}
