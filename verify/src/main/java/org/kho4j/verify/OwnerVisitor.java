package org.kho4j.verify;

import org.kho4j.handover.wire.Where;

/** Takes who owns what, as the rules find it on their way through a handover. */
@FunctionalInterface
public interface OwnerVisitor {

  /** Takes nothing. */
  OwnerVisitor NONE = (where, address, bytes) -> {};

  /**
   * Takes a claim. Memory may be claimed by several, whether it is preserved or not, and whether it
   * is there or not.
   *
   * @param where the structure that the memory belongs to, or that is in it
   * @param address physical address of its first byte
   * @param bytes at least 1
   */
  void owns(Where where, long address, long bytes);
}
