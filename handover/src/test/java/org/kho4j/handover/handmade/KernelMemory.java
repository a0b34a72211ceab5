package org.kho4j.handover.handmade;

import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;

/**
 * A small kernel's memory with one handover in it: root FDT at {@link #ROOT}, preserved map from
 * {@link #MAP} on, and whatever the test puts beside them.
 */
public final class KernelMemory {

  public static final long ROOT = 0x100000;
  public static final long MAP = 0x4000000;
  public static final Where HERE = Where.ROOT.in("here");

  public final SparseMemory ram;
  public final PageSize pageSize;
  public final Radix map;
  private final Tree root;

  public KernelMemory() {
    this(PageSize.SIZE_4K);
  }

  public KernelMemory(PageSize pageSize) {
    this(pageSize, new SparseMemory());
  }

  public KernelMemory(PageSize pageSize, SparseMemory ram) {
    this.ram = ram;
    this.pageSize = pageSize;
    this.map = new Radix(ram, pageSize, MAP).preserve(ROOT, 0);
    this.root = Tree.compatible("kho-v4").u64("preserved-memory-map", MAP);
    ram.zeros(ROOT, pageSize.bytes());
  }

  /** The root FDT, to be changed. */
  public Tree root() {
    return root;
  }

  public KernelMemory subtree(String name, long address, long size) {
    root.child(new Tree(name).u64("preserved-data", address).u64("blob-size", size));
    return this;
  }

  /** A subtree whose blob is a device tree. */
  public KernelMemory subtree(String name, long address, Tree tree) {
    byte[] blob = tree.blob();
    ram.put(address, blob);
    return subtree(name, address, blob.length);
  }

  /** The memory as the readers below the handover take it. */
  public HandoverMemory memory() {
    return new HandoverMemory(ram, pageSize);
  }

  /** The handover; the root FDT is written now. */
  public Handover handover() {
    ram.put(ROOT, root.blob());
    return Handovers.of(ram, List.of(RootSearch.at(ram, ROOT)), pageSize).getFirst();
  }
}
