package org.kho4j.abi;

/** A feature that distinguishes a {@link KhoLayout} from other layouts. */
public enum KhoFeature {
  /** Vmalloc areas can be preserved. */
  VMALLOC,
  /** {@link KhoBlock}s belong to the layout. */
  BLOCKS,
  /** The kernel hands over {@link KexecMetadata}. */
  METADATA,
  /** A run of pages is split at the borders of NUMA nodes. */
  SPLIT_AT_NODES,
  /**
   * The root FDT is written from front to back when the handover is finalized, so its subtrees have
   * the order in which they were added. Kernels since 6.19 edit it in place and insert a subtree at
   * the front; {@code kho-v1@6.18} has the order of 6.19 and 7.0. No reader may rely on the order.
   */
  SEQUENTIAL_ROOT
}
