package org.kho4j.handover.root;

import org.kho4j.handover.content.Content;
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

  /** Path of the blob. */
  public Where where() {
    return Where.ROOT.in(name);
  }

  /**
   * The blob's bytes.
   *
   * @throws HandoverException if there can be no such memory
   */
  public Content content(HandoverMemory memory) {
    return Content.contiguous(memory, where().toString(), address, size);
  }
}
