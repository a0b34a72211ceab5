package org.kho4j.handover.wire;

/** Visits runs of adjacent preserved blocks. */
@FunctionalInterface
public interface RunVisitor {

  /**
   * Takes one run.
   *
   * @param order every block of the run has 2^order pages
   * @param address physical address of the first byte
   * @param bytes a multiple of the block size
   */
  void run(int order, long address, long bytes);
}
