package org.kho4j.handover.generation;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

/**
 * The configuration of a generation: page size, scratch regions, release, version and placement.
 * Immutable: each {@code with…} gives a changed copy.
 */
public final class Setup {

  PageSize pageSize;
  List<AddressRange> scratch;
  final String release;
  KhoLayout layout = KhoLayout.newest();
  List<AddressRange> nodes = List.of();
  Placement placement = Placement.ANYWHERE;
  OptionalLong scatterSeed = OptionalLong.empty();
  OptionalLong kexecCount = OptionalLong.empty();

  private Setup(PageSize pageSize, List<AddressRange> scratch, String release) {
    this.pageSize = pageSize;
    this.scratch = List.copyOf(scratch);
    this.release = release;
  }

  /**
   * Returns a setup with the newest contract, one NUMA node, and structures at any address.
   *
   * @param pageSize of every structure that the generation writes; a generation that boots keeps
   *     the page size of its handover
   * @param scratch the scratch regions, 1 to 1026, not all of them empty, in the array's order: low
   *     memory, global, one per NUMA node; a generation that boots keeps the regions of its
   *     handover
   * @param release the generation's name in kexec-metadata, where the layout has that, at most 64
   *     bytes
   */
  public static Setup of(PageSize pageSize, List<AddressRange> scratch, String release) {
    return new Setup(pageSize, scratch, release);
  }

  private Setup with(Consumer<Setup> change) {
    Setup copy = new Setup(pageSize, scratch, release);
    copy.layout = layout;
    copy.nodes = nodes;
    copy.placement = placement;
    copy.scatterSeed = scatterSeed;
    copy.kexecCount = kexecCount;
    change.accept(copy);
    return copy;
  }

  /** Returns a copy with another layout of the contract. */
  public Setup withLayout(KhoLayout newLayout) {
    return with(copy -> copy.layout = newLayout);
  }

  /** Returns a copy with another placement of structures. */
  public Setup withPlacement(Placement newPlacement) {
    return with(copy -> copy.placement = newPlacement);
  }

  /**
   * Returns a copy with the memory of each NUMA node: in layouts with that rule, no block spans
   * two.
   *
   * @param newNodes whole pages, without overlaps; memory in none of them is as one more node
   */
  public Setup withNodes(List<AddressRange> newNodes) {
    return with(copy -> copy.nodes = List.copyOf(newNodes));
  }

  /**
   * Returns a copy with the count that a first generation writes into kexec-metadata, instead of 1.
   * A generation that boots writes one more than the incoming count.
   *
   * @param count 0 to 2^32 - 1
   * @throws IllegalArgumentException if it is any other number
   */
  public Setup withKexecCount(long count) {
    if (count >>> Integer.SIZE != 0) {
      throw new IllegalArgumentException("a kexec count of %d is no u32".formatted(count));
    }
    return with(copy -> copy.kexecCount = OptionalLong.of(count));
  }

  /** Returns a copy that takes each block from a separate place, so that areas are scattered. */
  public Setup scattered(long seed) {
    return with(copy -> copy.scatterSeed = OptionalLong.of(seed));
  }

  Setup withHandedOver(PageSize newPageSize, List<AddressRange> newScratch) {
    return with(copy -> {
      copy.pageSize = newPageSize;
      copy.scratch = newScratch;
    });
  }
}
