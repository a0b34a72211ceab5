package org.kho4j.verify.scratch;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.Limits;
import org.kho4j.abi.PageSize;
import org.kho4j.files.Zeros;
import org.kho4j.handover.Handover;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.BootRecord;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.state.Findings;

/**
 * Rules for scratch regions, and for the boot record with their address, where the record was found
 * in memory or its address is given.
 */
public final class ScratchRules {

  public static final Rule RECORD =
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

  public static final Rule ARRAY =
      Rule.error(
          "SCRATCH-002",
          "The scratch array is in memory and has at least one region.",
          "If the kernel cannot map the array, it warns, disables revival, and everything is lost"
              + " (all releases). Without a region, the kernel has no memory to boot in, and"
              + " panics.",
          "The address or the size (16 bytes for each region) is wrong.",
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule REGION =
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

  public static final Rule ALIGNMENT =
      Rule.warning(
          "SCRATCH-004",
          "Every scratch region of a kernel since 7.2 is aligned to the largest block of the page allocator.",
          "7.2.6 and 7.3.4 round all regions to it. The kernel gives pages at an unaligned edge to"
              + " the allocator together with pages outside of scratch. 7.1.8 rounds to the"
              + " smallest area of CMA, 2 MiB with 4K pages, and kernels before it did not round"
              + " all regions; for these the rule is not checked.",
          "Use multiples of it as sizes in kho_scratch=: 4 MiB with 4K pages.",
          Outcome.RESTORED);

  public static final Rule TOO_SMALL =
      Rule.warning(
          "SCRATCH-007",
          "The scratch regions have room for the next kernel's page descriptors: 64 bytes for each page of memory.",
          "The kernel allocates them from scratch, because no other memory is free yet (7.3), and"
              + " panics for lack of memory in early boot.",
          "Boot the first kernel with a larger kho_scratch=; a chain of kexecs never changes its"
              + " regions.",
          Outcome.RESTORED,
          Outcome.PANIC);

  public static final Rule TAKES =
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

  static final Where WHERE = Where.ROOT.in("scratch");
  private static final Where BOOT_RECORD = Where.ROOT.in("boot-record");

  private final Handover handover;
  private final Findings findings;
  private final List<AddressRange> regions = new ArrayList<>();

  private ScratchRules(Handover handover, Findings findings) {
    this.handover = handover;
    this.findings = findings;
  }

  /**
   * Returns the regions of a handover, checked: by the given addresses, otherwise by the boot
   * record in memory; none if neither leads to them.
   *
   * @param setupData physical address of x86-64's boot record, if it is known
   * @param scratchArray address and size of the array, if they are known
   */
  public static List<AddressRange> regions(
      Handover handover,
      OptionalLong setupData,
      Optional<AddressRange> scratchArray,
      Findings findings) {
    ScratchRules rules = new ScratchRules(handover, findings);
    if (setupData.isPresent()) {
      rules.ofSetupData(setupData.getAsLong(), scratchArray);
    } else if (scratchArray.isPresent()) {
      rules.array(scratchArray.get().address(), scratchArray.get().length(), "");
    } else {
      handover
          .root()
          .bootRecord()
          .ifPresentOrElse(
              rules::ofRecord,
              () -> findings.notChecked("scratch: the source does not show where the regions are"));
    }
    return rules.regions;
  }

  /** Checks the boot record of x86-64 and the regions of the given array, otherwise of its own. */
  private void ofSetupData(long setupData, Optional<AddressRange> scratchArray) {
    BootData boot;
    try {
      boot = BootData.ofSetupData(handover.memory().physical(), setupData);
    } catch (HandoverException e) {
      findings.report(RECORD, e);
      return;
    }
    if (boot.fdtAddress() != handover.root().address()) {
      findings.report(
          RECORD,
          BOOT_RECORD,
          setupData,
          "fdt_addr is 0x%x, but the root FDT is at 0x%x",
          boot.fdtAddress(),
          handover.root().address());
    }
    pageSize(setupData, boot);
    scratchArray.ifPresentOrElse(
        given -> array(given.address(), given.length(), ""),
        () -> array(boot.scratchAddress(), boot.scratchSize(), ""));
  }

  /** Checks a boot record that was found in memory, and its regions. */
  private void ofRecord(BootRecord record) {
    pageSize(record.address(), record.data());
    record
        .array()
        .ifPresentOrElse(
            array ->
                array(
                    array.address(),
                    array.length(),
                    " (boot record found at 0x%x)".formatted(record.address())),
            () ->
                findings.notChecked(
                    "scratch: the %s bytes at 0x%x, where the boot record at 0x%x has the array, are not an array of possible regions; kexec copies it there at the jump"
                        .formatted(
                            Long.toUnsignedString(record.data().scratchSize()),
                            record.data().scratchAddress(),
                            record.address())));
  }

  private void pageSize(long address, BootData boot) {
    if (boot.fdtSize() != handover.pageSize().bytes()) {
      findings.report(
          RECORD,
          BOOT_RECORD,
          address,
          "fdt_size is %s, but the page size is %d",
          Long.toUnsignedString(boot.fdtSize()),
          handover.pageSize().bytes());
    }
  }

  /**
   * Reads the regions in an array.
   *
   * @param found the end of a sentence, with the record that was found in memory
   */
  private void array(long address, long size, String found) {
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
      return;
    }
    MemorySegment array;
    try {
      array = handover.memory().bytes(WHERE, address, count * entry);
    } catch (HandoverException e) {
      findings.report(ARRAY, e);
      return;
    }
    if (Zeros.end(array) == array.byteSize()) {
      findings.notChecked(
          "scratch: the array at 0x%x is zeros: kexec has not copied it there yet"
              .formatted(address));
      return;
    }
    StructureView region = new StructureView(KhoScratch.STRUCTURE, address, array);
    boolean allKnown = true;
    for (int i = 0; i < count; i++) {
      long length = region.get(KhoScratch.SIZE);
      // Linux has an empty region where all of a percentage is in another one.
      allKnown &= length == 0 || region(i, region.address(KhoScratch.ADDR), length);
      region.next();
    }
    if (allKnown) {
      sizes(address, found);
    }
  }

  private void sizes(long address, String found) {
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
  private boolean region(int number, long start, long length) {
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
    long bytes = Limits.SCRATCH_ALIGNMENT.value(pageSize);
    boolean asked =
        KhoVersion.of(handover.root().compatible())
            .map(version -> version.releases().overlaps(Limits.SCRATCH_ALIGNMENT.releases()))
            .orElse(true);
    if (asked && (start % bytes != 0 || length % bytes != 0)) {
      findings.report(ALIGNMENT, where, start, "%s is not aligned to 0x%x bytes", region, bytes);
    }
    regions.add(region);
    return true;
  }
}
