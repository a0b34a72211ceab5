package org.kho4j.handover.generation;

import java.util.List;
import java.util.OptionalLong;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

/**
 * How a generation is set up.
 *
 * @param pageSize of everything that it writes; a generation that was handed something goes on with
 *     that page size
 * @param layout of the contract that it writes
 * @param scratch the scratch regions, in the array's order: low memory, global, one per NUMA node;
 *     a generation that was handed something goes on with those
 * @param nodes the memory of each NUMA node, so that no block spans two where the layout has that
 *     rule; none means that there is one
 * @param release what it calls itself in kexec-metadata, where the layout has that, at most 64
 *     bytes
 * @param placement where its structures lie
 * @param scatterSeed makes it take each block from a place of its own, so that areas are scattered
 * @param kexecCount what a first generation writes into kexec-metadata, else 1; later generations
 *     count on from what they were given
 */
public record Setup(
    PageSize pageSize,
    KhoLayout layout,
    List<AddressRange> scratch,
    List<AddressRange> nodes,
    String release,
    Placement placement,
    OptionalLong scatterSeed,
    OptionalLong kexecCount) {

  public Setup {
    scratch = List.copyOf(scratch);
    nodes = List.copyOf(nodes);
  }

  /** The newest contract, one node, structures anywhere. */
  public static Setup of(PageSize pageSize, List<AddressRange> scratch, String release) {
    return new Setup(
        pageSize,
        KhoLayout.newest(),
        scratch,
        List.of(),
        release,
        Placement.ANYWHERE,
        OptionalLong.empty(),
        OptionalLong.empty());
  }

  /** The same with another layout of the contract. */
  public Setup withLayout(KhoLayout newLayout) {
    return new Setup(
        pageSize, newLayout, scratch, nodes, release, placement, scatterSeed, kexecCount);
  }

  /** The same with structures placed. */
  public Setup withPlacement(Placement newPlacement) {
    return new Setup(
        pageSize, layout, scratch, nodes, release, newPlacement, scatterSeed, kexecCount);
  }

  /** The same with NUMA nodes. */
  public Setup withNodes(List<AddressRange> newNodes) {
    return new Setup(
        pageSize, layout, scratch, newNodes, release, placement, scatterSeed, kexecCount);
  }

  /** The same with memory that is fragmented on purpose. */
  public Setup scattered(long seed) {
    return new Setup(
        pageSize, layout, scratch, nodes, release, placement, OptionalLong.of(seed), kexecCount);
  }

  Setup withHandedOver(PageSize newPageSize, List<AddressRange> newScratch) {
    return new Setup(
        newPageSize, layout, newScratch, nodes, release, placement, scatterSeed, kexecCount);
  }
}
