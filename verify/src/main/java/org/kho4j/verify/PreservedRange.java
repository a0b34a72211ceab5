package org.kho4j.verify;

import org.jspecify.annotations.Nullable;
import org.kho4j.handover.wire.Where;

/**
 * Adjacent preserved blocks of one order and one owner.
 *
 * @param address physical address of the first byte
 * @param bytes of all blocks; of a part of one, where a block has several owners
 * @param order binary logarithm of a block's pages
 * @param owner the first that claims the memory; null if no known structure does
 * @param shared whether others claim it, too
 */
public record PreservedRange(
    long address, long bytes, int order, @Nullable Owner owner, boolean shared) {

  /**
   * An owner.
   *
   * @param kind the kind of the memory
   * @param where its place in the handover
   */
  public record Owner(OwnerKind kind, Where where) {}
}
