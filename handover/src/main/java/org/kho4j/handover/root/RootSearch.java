package org.kho4j.handover.root;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.boot.BootRecord;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;

/**
 * Looks for root FDTs, on all cores.
 *
 * @param roots the root FDTs found, by ascending address
 * @param rejected pages that look like a root FDT and cannot be read as one, with the reason
 */
public record RootSearch(List<RootFdt> roots, List<HandoverException> rejected) {

  /** A root FDT has one page at most, and the largest page has so many bytes. */
  private static final int MAX_ROOT_BYTES = PageSize.SIZE_64K.bytes();

  public RootSearch {
    roots = List.copyOf(roots);
    rejected = List.copyOf(rejected);
  }

  /**
   * Searches all of the memory, for root FDTs and for the boot records that lead to them.
   *
   * @param progress receives the number of further bytes searched, from any thread
   */
  public static RootSearch search(PhysicalMemory memory, LongConsumer progress) {
    List<RootFdt> roots = new ArrayList<>();
    List<HandoverException> rejected = new ArrayList<>();
    BootSearch boot = new BootSearch(memory);
    MagicScan.Found found =
        MagicScan.scan(memory, address -> mentionsKho(pageAt(memory, address)), boot, progress);
    for (long address : found.addresses()) {
      try {
        rootAt(memory, address).ifPresent(roots::add);
      } catch (HandoverException e) {
        rejected.add(e);
      }
    }
    if (found.more()) {
      rejected.add(
          Where.ROOT.broken(
              found.addresses().getLast(),
              "more than %,d pages look like a root FDT: there may be more after this one"
                  .formatted(found.addresses().size())));
    }
    Map<Long, BootRecord> records =
        boot.records(roots.stream().map(RootFdt::address).collect(Collectors.toSet()));
    roots.replaceAll(root -> root.withBootRecord(records.get(root.address())));
    return new RootSearch(roots, rejected);
  }

  /**
   * Takes the root FDT at an address.
   *
   * @throws HandoverException if no root FDT is there
   */
  public static RootFdt at(PhysicalMemory memory, long address) {
    new HandoverMemory(memory, PageSize.SIZE_4K).bytes(Where.ROOT, address, Fdt.HEADER_SIZE);
    return rootAt(memory, address)
        .orElseThrow(() ->
            Where.ROOT.broken(
                address, "there is no root FDT: no device tree with a string of \"kho-v…\""));
  }

  private static Optional<RootFdt> rootAt(PhysicalMemory memory, long address) {
    MemorySegment page = pageAt(memory, address);
    if (!Fdt.isMagic(page) || !mentionsKho(page)) {
      return Optional.empty();
    }
    try {
      long size = Fdt.totalSize(page);
      if (size > MAX_ROOT_BYTES) {
        throw Where.ROOT.broken(
            address,
            "the root FDT's total size is %d bytes, but it has one page, of at most %d bytes"
                .formatted(size, MAX_ROOT_BYTES));
      }
      FdtNode tree = new HandoverMemory(memory, PageSize.SIZE_4K).tree(Where.ROOT, address, size);
      return TreeValue.compatible(tree).stream()
          .filter(compatible -> compatible.startsWith(KhoVersion.PREFIX))
          .findFirst()
          .map(compatible -> new RootFdt(address, size, tree, compatible, Optional.empty()));
    } catch (FdtException e) {
      throw Where.ROOT.broken(address, e);
    }
  }

  /**
   * Returns whether the bytes may have a version string, which separates a root FDT, broken or not,
   * from another device tree. A root FDT's compatible string is within its first 4 KiB.
   */
  private static boolean mentionsKho(MemorySegment bytes) {
    return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1)
        .contains(KhoVersion.PREFIX);
  }

  /** Returns the readable part of the 4 KiB from an address on. */
  private static MemorySegment pageAt(PhysicalMemory memory, long address) {
    for (int bytes = PageSize.SIZE_4K.bytes(); bytes >= Fdt.HEADER_SIZE; bytes /= 2) {
      try {
        return memory.read(address, bytes);
      } catch (MemoryReadException e) {
        // Fewer bytes are tried next.
      }
    }
    return MemorySegment.ofArray(new byte[0]);
  }
}
