package org.kho4j.handover.map;

import org.kho4j.abi.PageSize;
import org.kho4j.memory.WritableMemory;

/** Gives a {@link MapWriter} the pages that its map consists of. */
public interface MapPages {

  /** Returns the memory that the pages are in. */
  WritableMemory memory();

  /** Returns the size of a page. */
  PageSize pageSize();

  /**
   * Allocates a block and fills it with zeros.
   *
   * @param path of the structure that the block is for
   * @param order binary logarithm of the block's pages
   * @return the block's physical address
   */
  long allocateZeroed(String path, int order);

  /** Records how to undo a step of the current operation, in case the operation fails. */
  void done(Runnable undoStep);
}
