package org.kho4j.handover.root;

import org.kho4j.abi.Structure;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * A named blob that the root FDT lists.
 *
 * @param name of its node
 * @param address physical address of the blob
 * @param size bytes, as registered; an unsigned number that is not checked
 */
public record Subtree(String name, long address, long size) {

  /** Returns the path of the blob. */
  public Where where() {
    return Where.ROOT.in(name);
  }

  /**
   * Returns the structure at the blob's start.
   *
   * @throws HandoverException if the blob is shorter, or not in memory
   */
  public StructureView view(HandoverMemory memory, Structure structure) {
    if (Long.compareUnsigned(size, structure.headerSize()) < 0) {
      throw where()
          .broken(
              address,
              "the blob has %s bytes, fewer than %d"
                  .formatted(Long.toUnsignedString(size), structure.headerSize()));
    }
    return memory.view(where(), address, structure);
  }

  /**
   * Checks that the machine can have the blob.
   *
   * @throws HandoverException if it cannot: the address is 0, or the memory does not have all of
   *     the bytes
   */
  public void requirePossible(HandoverMemory memory) {
    if (address == 0 || size <= 0 || size > Integer.MAX_VALUE) {
      throw where()
          .broken(
              address,
              "%s bytes at 0x%x cannot be a blob".formatted(Long.toUnsignedString(size), address));
    }
    if (!memory.physical().isRam(address, size)) {
      throw where()
          .broken(address, "the memory does not have all of the blob's %d bytes".formatted(size));
    }
  }

  /**
   * Returns the blob's bytes.
   *
   * @throws HandoverException as {@link #requirePossible} does
   */
  public Content content(HandoverMemory memory) {
    requirePossible(memory);
    return Content.contiguous(memory, where().toString(), address, size);
  }
}
