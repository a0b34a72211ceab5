package org.kho4j.handover;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.boot.BootRecord;
import org.kho4j.handover.map.MapEvidence.Certainty;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/** Finds the page size of the kernel that wrote handovers. */
final class PageSizeSearch {

  private PageSizeSearch() {}

  /**
   * Finds the page size with which a preserved map has the pages that every map has: the root FDT's
   * own page, and the first pages of blobs and reservations. Where the map does not decide, the
   * boot record does: its fdt_size is a page (6.16 to 7.3). The source's page size is only a hint:
   * QEMU records 64K in kdump dumps of every arm64 guest.
   */
  static PageSizeEvidence of(
      PhysicalMemory memory,
      List<RootFdt> roots,
      @Nullable PageSize told,
      @Nullable MapForm mapForm) {
    if (told != null) {
      return new PageSizeEvidence(told, Certainty.TOLD, "the page size was given");
    }
    MemorySource source = memory.source();
    if (source.machine() == MemorySource.Machine.X86_64) {
      return new PageSizeEvidence(
          PageSize.SIZE_4K, Certainty.ONLY, "x86-64 has no pages of another size");
    }
    PageSize hint =
        source.pageSize().isPresent()
            ? PageSize.ofBytes(source.pageSize().getAsInt()).orElse(PageSize.SIZE_4K)
            : PageSize.SIZE_4K;
    PageSize best = hint;
    long most = known(memory, roots, hint, mapForm);
    boolean alone = most > 0;
    for (PageSize size : PageSize.values()) {
      long known = size == hint ? 0 : known(memory, roots, size, mapForm);
      if (known > most) {
        best = size;
        most = known;
        alone = true;
      } else if (known > 0 && known == most) {
        alone = false;
      }
    }
    String pages = most == 1 ? "page" : "pages";
    if (alone) {
      return new PageSizeEvidence(
          best,
          Certainty.CERTAIN,
          "with pages of %s alone the map has the %d %s that the handover needs"
              .formatted(best, most, pages));
    }
    Optional<BootRecord> record = record(roots);
    Optional<PageSize> recorded = record.flatMap(one -> PageSize.ofBytes(one.data().fdtSize()));
    return recorded.isPresent() && known(memory, roots, recorded.get(), mapForm) == most
        ? new PageSizeEvidence(
            recorded.get(),
            Certainty.CERTAIN,
            "fdt_size of the boot record at 0x%x is a page of the kernel that wrote it"
                .formatted(record.orElseThrow().address()))
        : new PageSizeEvidence(
            best,
            Certainty.UNSURE,
            most > 0
                ? "with pages of other sizes the map has the %d %s that the handover needs as well"
                    .formatted(most, pages)
                : roots.stream().allMatch(PageSizeSearch::isNewer)
                    ? "the map of a version that kho does not know was not read"
                    : "with no page size does the map preserve the root FDT's own page");
  }

  /** Returns the boot record of a root, if no other record has another page size. */
  private static Optional<BootRecord> record(List<RootFdt> roots) {
    List<BootRecord> records = roots.stream().flatMap(root -> root.bootRecord().stream()).toList();
    return records.stream().map(record -> record.data().fdtSize()).distinct().count() == 1
        ? Optional.of(records.getFirst())
        : Optional.empty();
  }

  private static boolean isNewer(RootFdt root) {
    return KhoVersion.of(root.compatible()).isEmpty();
  }

  /** Counts the pages that every map has and that the maps have with this page size. */
  private static long known(
      PhysicalMemory memory, List<RootFdt> roots, PageSize size, @Nullable MapForm mapForm) {
    HandoverMemory pages = new HandoverMemory(memory, size);
    long known = 0;
    for (RootFdt root : roots) {
      known += known(Handover.withoutRole(pages, root, mapForm));
    }
    return known;
  }

  private static long known(Handover handover) {
    long pageBytes = handover.pageSize().bytes();
    PreservedMap.Lookup lookup;
    try {
      lookup = handover.preservedMap().lookup();
      if (!lookup.isPreserved(handover.root().address(), 0)) {
        return 0;
      }
    } catch (HandoverException e) {
      return 0;
    }
    long known = 1;
    try {
      for (Subtree subtree : handover.subtrees(problem -> {})) {
        known += lookup.orderAt(subtree.address() & -pageBytes) >= 0 ? 1 : 0;
        if (subtree.name().equals(FdtLayout.MEMBLOCK_SUBTREE)) {
          known += reservations(handover, subtree, lookup);
        }
      }
    } catch (HandoverException e) {
      return known; // The rest of the map is no evidence.
    }
    return known;
  }

  private static long reservations(
      Handover handover, Subtree memblock, PreservedMap.Lookup lookup) {
    long known = 0;
    try {
      for (FdtNode node : handover.tree(memblock, FdtLayout.MEMBLOCK).children()) {
        long start =
            TreeValue.number(
                node, FdtLayout.RESERVE_MEM_START, memblock.where(), memblock.address());
        known += lookup.orderAt(start) >= 0 ? 1 : 0;
      }
    } catch (HandoverException e) {
      return 0; // They are no evidence then.
    }
    return known;
  }
}
