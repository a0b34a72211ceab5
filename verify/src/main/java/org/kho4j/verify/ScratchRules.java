package org.kho4j.verify;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.Limit;
import org.kho4j.abi.Limits;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.BootRecord;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;

/**
 * Rules for scratch regions, and for the boot record with their address, where the record was found
 * in memory or its address is given.
 */
final class ScratchRules {

  static final Rule RECORD =
      Rule.error(
          "SCRATCH-001",
          "The boot record belongs to this handover: type 10, 32 bytes, the root FDT's address,"
              + " the writer's page size.",
          "len and the page size are not checked (7.3). With another address, the kernel finds"
              + " another handover, or warns and disables revival. Kernels of different page sizes"
              + " are documented as unsupported, but no kernel checks for them.",
          "Give the address of the record that kexec_file_load wrote; it differs with every load.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule ARRAY =
      Rule.error(
          "SCRATCH-002",
          "The scratch array is in memory and has at least one region.",
          "If the kernel cannot map the array, it warns, disables revival, and everything is lost"
              + " (all releases). Without a region, the kernel has no memory to boot in, and"
              + " panics.",
          "The address or the size (16 bytes for each region) is wrong.",
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule REGION =
      Rule.error(
          "SCRATCH-003",
          "Every scratch region consists of whole pages of memory, and overlaps no other region.",
          "Not checked (7.3): the kernel allocates memory that does not exist, and faults in early"
              + " boot. Bounds that were wrong by a few bytes had no effect (7.3.4).",
          "The array was overwritten, or belongs to another machine.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule ALIGNMENT =
      Rule.warning(
          "SCRATCH-004",
          "Every scratch region of a kernel since 7.2 is aligned to the largest block of the page allocator.",
          "7.2.6 and 7.3.4 round all regions to it. The kernel gives pages at an unaligned edge to"
              + " the allocator together with pages outside of scratch. 7.1.8 rounds to the"
              + " smallest area of CMA, 2 MiB with 4K pages, and kernels before it did not round"
              + " all regions; for these the rule is not checked.",
          "Use multiples of it as sizes in kho_scratch=: 4 MiB with 4K pages.",
          Outcome.RESTORED);

  static final Rule STRUCTURE =
      Rule.error(
          "SCRATCH-005",
          "No structure of the handover is in a scratch region.",
          "Not checked (7.3): the next kernel allocates from scratch before it has read the map,"
              + " and overwrites the structure. It then reads wrong data, and may lose a subtree"
              + " or fault in early boot. Allocation begins at the top of a region: a structure at"
              + " its bottom may survive (7.3.4).",
          "The structures were allocated before the regions were reserved, or the regions are not"
              + " those of this kernel.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  static final Rule PRESERVED =
      Rule.error(
          "SCRATCH-006",
          "No preserved memory is in a scratch region.",
          "Only debug kernels warn when the memory is preserved (7.3). The next kernel uses"
              + " scratch at once, and overwrites the data; only their owner notices, when it"
              + " restores them.",
          "Scratch holds only movable memory: a client must move it before it preserves it.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  static final Rule TOO_SMALL =
      Rule.warning(
          "SCRATCH-007",
          "The scratch regions have room for the next kernel's page descriptors: 64 bytes for each page of memory.",
          "The kernel allocates them from scratch, because no other memory is free yet (7.3), and"
              + " panics for lack of memory in early boot.",
          "Boot the first kernel with a larger kho_scratch=; a chain of kexecs never changes its"
              + " regions.",
          Outcome.RESTORED,
          Outcome.PANIC);

  static final Rule TAKES =
      Rule.info(
          "SCRATCH-008",
          "Scratch takes a small part of the machine's memory.",
          "Between two kexecs, scratch holds only movable pages (6.16 to 7.3), and no memory that"
              + " is pinned for a device. If devices pin most of the memory, pinning more fails"
              + " with ENOMEM although scratch is free.",
          "kho_scratch= sets the sizes. If a kernel has KHO on by default and does not need it,"
              + " boot with kho=off.");

  /** Size of struct page on the machines with KHO. */
  private static final int PAGE_DESCRIPTOR = 64;

  private static final Where WHERE = Where.ROOT.in("scratch");

  private ScratchRules() {}

  /** Returns the regions that the boot record of x86-64 points at. */
  static List<AddressRange> ofSetupData(
      Handover handover,
      Findings findings,
      Counts counts,
      long setupData,
      Optional<AddressRange> array) {
    Where where = Where.ROOT.in("boot-record");
    BootData boot;
    try {
      boot = BootData.ofSetupData(handover.memory().physical(), setupData);
    } catch (HandoverException e) {
      findings.report(RECORD, e);
      return List.of();
    }
    if (boot.fdtAddress() != handover.root().address()) {
      findings.report(
          RECORD,
          where,
          setupData,
          "fdt_addr is 0x%x, but the root FDT is at 0x%x",
          boot.fdtAddress(),
          handover.root().address());
    }
    pageSize(handover, findings, setupData, boot);
    return array
        .map(given -> ofArray(handover, findings, counts, given.address(), given.length(), ""))
        .orElseGet(() ->
            ofArray(handover, findings, counts, boot.scratchAddress(), boot.scratchSize(), ""));
  }

  /** Returns the regions of a boot record that was found in memory. */
  static List<AddressRange> ofRecord(
      Handover handover, Findings findings, Counts counts, BootRecord record) {
    pageSize(handover, findings, record.address(), record.data());
    if (record.array().isEmpty()) {
      counts.notChecked(
          "scratch: no array of regions in memory is at 0x%x, where the boot record at 0x%x has it; kexec copies it there at the jump"
              .formatted(record.data().scratchAddress(), record.address()));
      return List.of();
    }
    AddressRange array = record.array().get();
    return ofArray(
        handover,
        findings,
        counts,
        array.address(),
        array.length(),
        " (boot record found at 0x%x)".formatted(record.address()));
  }

  private static void pageSize(Handover handover, Findings findings, long address, BootData boot) {
    if (boot.fdtSize() != handover.pageSize().bytes()) {
      findings.report(
          RECORD,
          Where.ROOT.in("boot-record"),
          address,
          "fdt_size is %s, but the page size is %d",
          Long.toUnsignedString(boot.fdtSize()),
          handover.pageSize().bytes());
    }
  }

  /**
   * Returns the regions in an array.
   *
   * @param found the end of a sentence, with the record that was found in memory
   */
  static List<AddressRange> ofArray(
      Handover handover, Findings findings, Counts counts, long address, long size, String found) {
    int entry = KhoScratch.STRUCTURE.headerSize();
    long count = size / entry;
    if (size < 0 || count < 1 || count > KhoScratch.MAX_REGIONS) {
      findings.report(
          ARRAY,
          WHERE,
          address,
          "%s bytes are not an array of 1 to %d regions of %d bytes",
          Long.toUnsignedString(size),
          KhoScratch.MAX_REGIONS,
          entry);
      return List.of();
    }
    MemorySegment array;
    try {
      array = handover.memory().bytes(WHERE, address, count * entry);
    } catch (HandoverException e) {
      findings.report(ARRAY, e);
      return List.of();
    }
    if (array.mismatch(MemorySegment.ofArray(new byte[(int) array.byteSize()])) < 0) {
      counts.notChecked(
          "scratch: the array at 0x%x is zeros: kexec has not copied it there yet"
              .formatted(address));
      return List.of();
    }
    List<AddressRange> regions = new ArrayList<>();
    StructureView region = new StructureView(KhoScratch.STRUCTURE, address, array);
    boolean allKnown = true;
    for (int i = 0; i < count; i++) {
      long length = region.get(KhoScratch.SIZE);
      // Linux has an empty region where all of a percentage is in another one.
      allKnown &=
          length == 0
              || region(handover, findings, regions, i, region.address(KhoScratch.ADDR), length);
      region.next();
    }
    if (allKnown) {
      sizes(handover, findings, address, regions, found);
    }
    return regions;
  }

  private static void sizes(
      Handover handover,
      Findings findings,
      long address,
      List<AddressRange> regions,
      String found) {
    long bytes = regions.stream().mapToLong(AddressRange::length).sum();
    long memory = handover.memory().ramBytes();
    long pages = memory >>> handover.pageSize().shift();
    if (bytes > 0) {
      findings.report(
          TAKES,
          WHERE,
          address,
          "%d %s %,d bytes of %,d, which are %.1f %%%s",
          regions.size(),
          regions.size() == 1 ? "region takes" : "regions take",
          bytes,
          memory,
          100.0 * bytes / memory,
          found);
    }
    if (bytes < pages * PAGE_DESCRIPTOR) {
      findings.report(
          TOO_SMALL,
          WHERE,
          address,
          "%,d bytes in total, but the descriptors of %,d pages of memory take %,d",
          bytes,
          pages,
          pages * PAGE_DESCRIPTOR);
    }
  }

  /** Adds a region, if it can be one; returns whether it can. */
  private static boolean region(
      Handover handover,
      Findings findings,
      List<AddressRange> regions,
      int number,
      long start,
      long length) {
    Where where = WHERE.in("region", number);
    PageSize pageSize = handover.pageSize();
    PhysicalMemory physical = handover.memory().physical();
    boolean possible = start >= 0 && length > 0 && start + length > 0;
    if (!possible
        || !pageSize.isAligned(start)
        || !pageSize.isAligned(length)
        || !physical.isRam(start, 1)
        || !physical.isRam(start + length - 1, 1)) {
      findings.report(
          REGION, where, start, "0x%x bytes at 0x%x are not whole pages of memory", length, start);
      return false;
    }
    AddressRange region = new AddressRange(start, length);
    for (AddressRange other : regions) {
      if (other.overlaps(start, length)) {
        findings.report(REGION, where, start, "%s overlaps region %s", region, other);
        return false;
      }
    }
    Limit alignment =
        Limits.ALL.stream()
            .filter(limit -> limit.id().equals("scratch-alignment"))
            .findFirst()
            .orElseThrow();
    long bytes = alignment.value(pageSize);
    boolean asked =
        KhoVersion.of(handover.root().compatible())
            .map(version -> version.releases().overlaps(alignment.releases()))
            .orElse(true);
    if (asked && (start % bytes != 0 || length % bytes != 0)) {
      findings.report(ALIGNMENT, where, start, "%s is not aligned to 0x%x bytes", region, bytes);
    }
    regions.add(region);
    return true;
  }

  /** Checks a structure against the scratch regions. */
  static void structure(Scene scene, Where where, long address, long bytes) {
    for (AddressRange region : scene.scratch()) {
      if (region.overlaps(address, bytes)) {
        scene
            .findings()
            .report(STRUCTURE, where, address, "0x%x is in the scratch region %s", address, region);
      }
    }
  }

  /** Checks the preserved pages against the scratch regions. */
  static void preserved(Scene scene) {
    int shift = scene.pageSize().shift();
    PageBits pages = scene.preserved().pages();
    for (AddressRange region : scene.scratch()) {
      long first = pages.first(region.address() >>> shift, region.length() >>> shift, true);
      if (first >= 0) {
        scene
            .findings()
            .report(
                PRESERVED,
                WHERE,
                first << shift,
                "the block of order %d around 0x%x is in the scratch region %s",
                scene.preserved().orderAround(first << shift),
                first << shift,
                region);
      }
    }
  }
}
