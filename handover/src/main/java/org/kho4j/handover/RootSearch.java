package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;

/**
 * Looks for root FDTs, on all cores.
 *
 * @param roots what was found, by ascending address
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
   * Searches all of the memory.
   *
   * @param progress told how many more bytes were looked at, by any thread
   */
  public static RootSearch search(PhysicalMemory memory, LongConsumer progress) {
    List<RootFdt> roots = new ArrayList<>();
    List<HandoverException> rejected = new ArrayList<>();
    for (long address : MagicScan.scan(memory, progress)) {
      try {
        rootAt(memory, address).ifPresent(roots::add);
      } catch (HandoverException e) {
        rejected.add(e);
      }
    }
    return new RootSearch(roots, rejected);
  }

  /**
   * Takes the root FDT at an address.
   *
   * @throws HandoverException if there is none
   */
  public static RootFdt at(PhysicalMemory memory, long address) {
    return rootAt(memory, address)
        .orElseThrow(() ->
            Where.ROOT.broken(
                address, "there is no root FDT: no device tree with a string of \"kho-v…\""));
  }

  private static Optional<RootFdt> rootAt(PhysicalMemory memory, long address) {
    HandoverMemory pages = new HandoverMemory(memory, PageSize.SIZE_4K);
    try {
      long size = Fdt.totalSize(pages.bytes(Where.ROOT, address, Fdt.HEADER_SIZE));
      if (size > MAX_ROOT_BYTES) {
        return Optional.empty();
      }
      MemorySegment blob = pages.bytes(Where.ROOT, address, size);
      if (!mentionsKho(blob)) {
        return Optional.empty();
      }
      FdtNode tree = Fdt.read(blob);
      return TreeValue.compatible(tree).stream()
          .filter(compatible -> compatible.startsWith(KhoVersion.PREFIX))
          .findFirst()
          .map(compatible -> new RootFdt(address, size, tree, compatible));
    } catch (FdtException e) {
      if (!mentionsKho(pageAt(memory, address))) {
        return Optional.empty();
      }
      throw Where.ROOT.broken(address, e);
    }
  }

  /** Whether a version string may be in there: tells a broken root FDT from another device tree. */
  private static boolean mentionsKho(MemorySegment bytes) {
    return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1)
        .contains(KhoVersion.PREFIX);
  }

  private static MemorySegment pageAt(PhysicalMemory memory, long address) {
    try {
      return memory.read(address, PageSize.SIZE_4K.bytes());
    } catch (MemoryReadException e) {
      return MemorySegment.ofArray(new byte[0]);
    }
  }
}
