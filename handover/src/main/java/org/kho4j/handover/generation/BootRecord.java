package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongConsumer;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.SetupData;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.Wire;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.MemoryScan;
import org.kho4j.memory.PhysicalMemory;

/**
 * The record by which a kernel learns of a handover, found in memory: since kexec_file_load made
 * it, and before and after kexec has copied it to where the next kernel reads it.
 *
 * @param address of the setup_data, or of the device tree whose node /chosen has the record
 * @param inTree whether it is in a device tree
 * @param boot what it says
 * @param scratch where the scratch array can be read: where the record says, or the kernel's own as
 *     long as kexec has not copied it there
 */
public record BootRecord(long address, boolean inTree, BootData boot, AddressRange scratch) {

  private static final ValueLayout.OfInt MAGIC =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** Type and length of a setup_data of KHO, as one number. */
  private static final long SIGN =
      SetupData.TYPE_KEXEC_KHO
          | (SetupData.STRUCTURE.headerSize() - (long) SetupData.FDT_ADDR.offset()) << Integer.SIZE;

  private static final int SIGN_OFFSET = SetupData.TYPE.offset();
  private static final int MAX_FOUND = 1024;
  private static final long MAX_TREE = 2 << 20;
  private static final long MAX_SCRATCH = 1026L * KhoScratch.STRUCTURE.headerSize();

  /** Whether kexec has copied the scratch array to where the record says that it is. */
  public boolean isCopied() {
    return scratch.address() == boot.scratchAddress();
  }

  /**
   * Searches all of a memory.
   *
   * @param roots addresses of the root FDTs to find the records of
   * @param progress told how many more bytes were looked at, by any thread
   * @return those of one root FDT by ascending address, the ones with a copied array first
   */
  public static List<BootRecord> search(
      PhysicalMemory memory, Set<Long> roots, LongConsumer progress) {
    ConcurrentLinkedQueue<BootRecord> found = new ConcurrentLinkedQueue<>();
    MemoryScan.scan(
        memory,
        (bytes, address) -> {
          for (long at = 0; at + Integer.BYTES <= bytes.byteSize(); at += MemoryScan.STEP) {
            if (bytes.get(MAGIC, at) == Fdt.MAGIC) {
              tree(memory, address + at, roots).ifPresent(found::add);
            }
          }
          for (long at = 0; at + Long.BYTES <= bytes.byteSize(); at += Long.BYTES) {
            if (bytes.get(Wire.U64, at) == SIGN) {
              setupData(memory, address + at - SIGN_OFFSET, roots).ifPresent(found::add);
            }
          }
          return found.size() < MAX_FOUND;
        },
        progress);
    Map<Long, AddressRange> arrays = new HashMap<>();
    return found.stream()
        .sorted(Comparator.comparing(BootRecord::address))
        .map(record ->
            new BootRecord(
                record.address,
                record.inTree,
                record.boot,
                arrays.computeIfAbsent(
                    record.boot.scratchAddress(), at -> record.readableArray(memory))))
        .sorted(Comparator.comparing(record -> !record.isCopied()))
        .toList();
  }

  private static Optional<BootRecord> tree(PhysicalMemory memory, long address, Set<Long> roots) {
    try {
      long size = Fdt.totalSize(memory.read(address, Fdt.HEADER_SIZE));
      return size > MAX_TREE
          ? Optional.empty()
          : ChosenNode.read(Fdt.read(memory.read(address, size)))
              .flatMap(boot -> of(address, true, boot, roots));
    } catch (FdtException | MemoryReadException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Optional<BootRecord> setupData(
      PhysicalMemory memory, long address, Set<Long> roots) {
    MemorySegment setup;
    try {
      setup = memory.read(address, SetupData.STRUCTURE.headerSize());
    } catch (MemoryReadException e) {
      return Optional.empty();
    }
    BootData boot =
        new BootData(
            Wire.u64(setup, SetupData.FDT_ADDR),
            Wire.u64(setup, SetupData.FDT_SIZE),
            Wire.u64(setup, SetupData.SCRATCH_ADDR),
            Wire.u64(setup, SetupData.SCRATCH_SIZE));
    return of(address, false, boot, roots);
  }

  private static Optional<BootRecord> of(
      long address, boolean inTree, BootData boot, Set<Long> roots) {
    boolean possible =
        roots.contains(boot.fdtAddress())
            && PageSize.ofBytes(boot.fdtSize()).isPresent()
            && boot.scratchSize() > 0
            && boot.scratchSize() <= MAX_SCRATCH
            && boot.scratchAddress() >>> KhoRadix.MAX_PHYSICAL_BITS == 0;
    return possible
        ? Optional.of(
            new BootRecord(
                address,
                inTree,
                boot,
                new AddressRange(boot.scratchAddress(), boot.scratchSize())))
        : Optional.empty();
  }

  /** The array, or the kernel's own if kexec has not copied it yet and its own is found. */
  private AddressRange readableArray(PhysicalMemory memory) {
    if (isArray(memory, scratch.address(), false)) {
      return scratch;
    }
    ConcurrentLinkedQueue<Long> found = new ConcurrentLinkedQueue<>();
    MemoryScan.scan(
        memory,
        (bytes, address) -> {
          for (long at = 0; at < bytes.byteSize(); at += MemoryScan.STEP) {
            if (bytes.get(Wire.U64, at) != 0 && isArray(memory, address + at, true)) {
              found.add(address + at);
            }
          }
          return found.size() < MAX_FOUND;
        },
        bytes -> {});
    return found.stream()
        .min(Comparator.naturalOrder())
        .map(own -> new AddressRange(own, scratch.length()))
        .orElse(scratch);
  }

  /**
   * Whether a scratch array is there: regions of whole pages, apart from each other.
   *
   * @param own whether it has to be the one that the record's is a copy of: kexec puts the copy
   *     into one of its regions
   */
  private boolean isArray(PhysicalMemory memory, long at, boolean own) {
    MemorySegment array;
    try {
      array = memory.read(at, scratch.length());
    } catch (MemoryReadException e) {
      return false;
    }
    List<AddressRange> regions = new ArrayList<>();
    for (long i = 0; i + KhoScratch.STRUCTURE.headerSize() <= array.byteSize(); i += 16) {
      long start = array.get(Wire.U64, i + KhoScratch.ADDR.offset());
      long length = array.get(Wire.U64, i + KhoScratch.SIZE.offset());
      if (((start | length) & (boot.fdtSize() - 1)) != 0
          || (start | length) >>> KhoRadix.MAX_PHYSICAL_BITS != 0
          || regions.stream().anyMatch(other -> length > 0 && other.overlaps(start, length))) {
        return false;
      }
      if (length > 0) {
        regions.add(new AddressRange(start, length));
      }
    }
    return own
        ? regions.stream().anyMatch(region -> region.overlaps(scratch.address(), 1))
        : !regions.isEmpty();
  }
}
