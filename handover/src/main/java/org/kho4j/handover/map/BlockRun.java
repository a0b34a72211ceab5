package org.kho4j.handover.map;

/**
 * Adjacent preserved blocks of one order.
 *
 * @param order each block has 2^order pages
 * @param address physical address of the first byte
 * @param bytes a multiple of the block size
 */
public record BlockRun(int order, long address, long bytes) {

  /** The first address after the run. */
  public long end() {
    return address + bytes;
  }
}
