package org.kho4j.verify.result;

import java.lang.foreign.MemorySegment;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/** Visits the owners of memory, and the structures, that the rules find in a handover. */
@FunctionalInterface
public interface OwnerVisitor {

  /** A visitor that ignores everything. */
  OwnerVisitor NONE = (where, address, bytes) -> {};

  /**
   * Takes a claim. Memory may be claimed by several owners, preserved or not, and present or not.
   * The blocks of a vmalloc area come in virtual order.
   *
   * @param where the structure that the memory belongs to, or that is in it
   * @param address physical address of its first byte
   * @param bytes at least 1
   */
  void owns(Where where, long address, long bytes);

  /**
   * Takes a structure that was read, whether it keeps the rules or not. Entries of lists follow the
   * array or block that they are in.
   */
  default void structure(Where where, StructureView view) {}

  /**
   * Takes the root FDT or the blob of a subtree. A blob that is a structure is visited as that,
   * too.
   *
   * @param address physical address of its first byte
   */
  default void blob(Where where, long address, MemorySegment bytes) {}
}
