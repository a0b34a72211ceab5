package org.kho4j.handover.root;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.files.LittleEndian;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.BootRecord;
import org.kho4j.handover.boot.ChosenNode;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;

/**
 * Finds the boot records of root FDTs, in the pass over memory that finds the root FDTs: it looks
 * at the first words of each page, and at the header of x86-64's boot parameters. The boot
 * parameters that kexec_file_load prepares begin at a page, and so do the device tree of arm64 and
 * the kernel's scratch array. Behind an array of up to three regions, kho writes its own records.
 */
final class BootSearch {

  /** Most such pages: a source with more is made of them; those at the lowest addresses count. */
  private static final int MOST = 1024;

  private static final int MOST_TREES = 64;
  private static final long LARGEST_TREE = 2 << 20;
  private static final int ENTRY = KhoScratch.STRUCTURE.headerSize();
  private static final long LARGEST_ARRAY = (long) KhoScratch.MAX_REGIONS * ENTRY;

  /** Bytes of a scratch array at the start of a page, behind which kho writes the boot record. */
  private static final int MOST_BEHIND = 3 * ENTRY;

  /** Every kernel allocates its regions at multiples of 2 MiB. */
  private static final long ALIGNMENT = 2 << 20;

  /** The boot flag of x86-64's boot parameters. */
  private static final short BOOT_FLAG = (short) 0xaa55;

  private static final int BOOT_FLAG_AT = 0x1fe;
  private static final int HEADER = 0x53726448;
  private static final int HEADER_AT = 0x202;
  private static final int SETUP_DATA_AT = 0x250;

  /** Pages behind the boot parameters in which their list may begin. */
  private static final int PAGES_BEHIND = 4;

  private static final int PAGE = PageSize.SIZE_4K.bytes();

  /** Bytes at the beginning of each 4 KiB that {@link #page} looks at. */
  static final int LOOKED_AT = HEADER_AT + Integer.BYTES;

  private final PhysicalMemory memory;
  private final Lowest setupData = new Lowest(MOST);
  private final Lowest parameters = new Lowest(MOST);
  private final Lowest trees = new Lowest(MOST_TREES);
  private final Lowest arrays = new Lowest(MOST);
  private final Map<Long, List<AddressRange>> regions = new HashMap<>();

  /**
   * The lowest of the addresses that threads add, at most {@code most}, in whatever order they
   * come.
   */
  private record Lowest(int most, ConcurrentSkipListSet<Long> addresses, AtomicInteger count) {

    Lowest(int most) {
      this(most, new ConcurrentSkipListSet<>(), new AtomicInteger());
    }

    void add(long address) {
      if (addresses.add(address) && count.incrementAndGet() > most) {
        addresses.pollLast();
        count.decrementAndGet();
      }
    }
  }

  BootSearch(PhysicalMemory memory) {
    this.memory = memory;
  }

  /** Looks at the first {@link #LOOKED_AT} bytes of 4 KiB of memory; called by any thread. */
  void page(MemorySegment bytes, long at, long address) {
    long first = bytes.get(StructureView.U64, at);
    long second = bytes.get(StructureView.U64, at + BootData.SIGN_AT);
    for (int behind = 0; behind <= MOST_BEHIND; behind += ENTRY) {
      if (bytes.get(StructureView.U64, at + behind + BootData.SIGN_AT) == BootData.SIGN) {
        setupData.add(address + behind);
      }
    }
    if (first != 0 && second != 0 && isRegion(first, second)) {
      arrays.add(address);
    }
    if (bytes.get(LittleEndian.U32, at + HEADER_AT) == HEADER
        && bytes.get(LittleEndian.U16, at + BOOT_FLAG_AT) == BOOT_FLAG) {
      parameters.add(address);
    }
  }

  /** Takes a device tree that is no root FDT; called by any thread. */
  void tree(long address) {
    trees.add(address);
  }

  /**
   * Returns whether a range is whole pages of possible memory, from an address where a region may
   * begin.
   */
  private static boolean isRegion(long start, long length) {
    return start % ALIGNMENT == 0
        && length % PAGE == 0
        && (start | length) >>> KhoRadix.MAX_PHYSICAL_BITS == 0;
  }

  /** Returns the record of each root FDT that has one; of several records, the best known. */
  Map<Long, BootRecord> records(Set<Long> roots) {
    Map<Long, BootRecord> records = new HashMap<>();
    for (long at : parameters.addresses()) {
      long list = list(at);
      take(records, roots, list, list, this::copied);
    }
    for (long at : setupData.addresses()) {
      take(records, roots, at, at, this::array);
    }
    for (long at : trees.addresses()) {
      inTree(at).ifPresent(boot -> put(records, roots, at, boot, this::array));
    }
    for (long at : parameters.addresses()) {
      long list = list(at);
      for (int pages = 0; list != 0 && pages <= PAGES_BEHIND; pages++) {
        take(records, roots, list, at + pages * (long) PAGE + (list & (PAGE - 1)), this::array);
      }
    }
    return records;
  }

  /** Returns the address of the list of setup_data in boot parameters, or 0. */
  private long list(long bootParameters) {
    try {
      return memory.read(bootParameters + SETUP_DATA_AT, Long.BYTES).get(StructureView.U64, 0);
    } catch (MemoryReadException e) {
      return 0;
    }
  }

  /**
   * Takes the record in a list of setup_data.
   *
   * @param list the address of the list at the jump; 0 if there is none
   * @param there the list's present address
   */
  private void take(
      Map<Long, BootRecord> records,
      Set<Long> roots,
      long list,
      long there,
      Function<BootData, Optional<AddressRange>> array) {
    try {
      if (list != 0) {
        put(records, roots, there, BootData.ofSetupData(memory, list, there - list), array);
      }
    } catch (HandoverException e) {
      // The memory holds something else.
    }
  }

  private Optional<BootData> inTree(long address) {
    try {
      long size = Fdt.totalSize(memory.read(address, Fdt.HEADER_SIZE));
      return size > LARGEST_TREE
          ? Optional.empty()
          : ChosenNode.read(Fdt.read(memory.read(address, size)));
    } catch (FdtException | MemoryReadException | HandoverException e) {
      return Optional.empty(); // Another tree, or one that is not in one piece yet.
    }
  }

  private static void put(
      Map<Long, BootRecord> records,
      Set<Long> roots,
      long at,
      BootData boot,
      Function<BootData, Optional<AddressRange>> array) {
    boolean possible =
        roots.contains(boot.fdtAddress())
            && PageSize.ofBytes(boot.fdtSize()).isPresent()
            && boot.scratchSize() > 0
            && boot.scratchSize() <= LARGEST_ARRAY
            && boot.scratchAddress() >>> KhoRadix.MAX_PHYSICAL_BITS == 0;
    if (possible && !records.containsKey(boot.fdtAddress())) {
      records.put(boot.fdtAddress(), new BootRecord(at, boot, array.apply(boot)));
    }
  }

  /**
   * Returns the array of boot parameters at the address from which the next kernel reads them:
   * either kexec has copied the array as well, or the parameters were prepared there and the array
   * is not copied. The memory at the record's address counts if there is no other array: then the
   * array was overwritten.
   */
  private Optional<AddressRange> copied(BootData boot) {
    return array(boot)
        .or(() -> Optional.of(new AddressRange(boot.scratchAddress(), boot.scratchSize())));
  }

  /**
   * Returns the array at the record's address, or the kernel's own array, which kexec copies there.
   * If neither is sound, returns what has the form of an array at the record's address.
   */
  private Optional<AddressRange> array(BootData boot) {
    return Stream.concat(Stream.of(boot.scratchAddress()), arrays.addresses().stream())
        .filter(at -> isArray(at, boot))
        .findFirst()
        .or(() -> Optional.of(boot.scratchAddress()).filter(at -> hasForm(at, boot.regions())))
        .map(at -> new AddressRange(at, boot.scratchSize()));
  }

  /**
   * Returns whether each entry has the form of a region, and begins in RAM. Memory that kexec has
   * not written yet hardly ever looks so.
   */
  private boolean hasForm(long array, long count) {
    try {
      for (long i = 0; i < count; i++) {
        Optional<AddressRange> region = region(array, i);
        if (region.isEmpty()
            || region.get().isEmpty()
            || region.get().address() == 0
            || !memory.isRam(region.get().address(), 1)) {
          return false;
        }
      }
      return true;
    } catch (MemoryReadException e) {
      return false;
    }
  }

  /**
   * Returns the range in an entry of an array; empty if it has not the form of a region.
   *
   * @throws MemoryReadException if the array ends before the entry
   */
  private Optional<AddressRange> region(long array, long number) {
    long at = array + number * ENTRY;
    StructureView entry = new StructureView(KhoScratch.STRUCTURE, at, memory.read(at, ENTRY));
    long start = entry.address(KhoScratch.ADDR);
    long length = entry.get(KhoScratch.SIZE);
    return isRegion(start, length)
        ? Optional.of(new AddressRange(start, length))
        : Optional.empty();
  }

  /**
   * Returns whether the array has the record's number of regions, and the copy is in one of them.
   */
  private boolean isArray(long at, BootData boot) {
    List<AddressRange> known = regions.computeIfAbsent(at, this::regions);
    return known.size() >= boot.regions()
        && known.stream()
            .limit(boot.regions())
            .anyMatch(region -> region.overlaps(boot.scratchAddress(), boot.scratchSize()));
  }

  /**
   * Returns the regions from an address on, up to the first entry that cannot be a region beside
   * them.
   */
  private List<AddressRange> regions(long at) {
    List<AddressRange> regions = new ArrayList<>();
    NavigableMap<Long, AddressRange> byAddress = new TreeMap<>();
    try {
      while (regions.size() < KhoScratch.MAX_REGIONS) {
        Optional<AddressRange> entry = region(at, regions.size());
        if (entry.isEmpty()) {
          break;
        }
        AddressRange region = entry.get();
        if (!region.isEmpty()) {
          long start = region.address();
          if (!memory.isRam(start, 1)
              || !memory.isRam(region.end() - 1, 1)
              || overlaps(byAddress.floorEntry(start), region)
              || overlaps(byAddress.ceilingEntry(start), region)) {
            break;
          }
          byAddress.put(start, region);
        }
        regions.add(region);
      }
    } catch (MemoryReadException e) {
      // The array ends before this entry.
    }
    return List.copyOf(regions);
  }

  private static boolean overlaps(
      Map.@Nullable Entry<Long, AddressRange> neighbour, AddressRange region) {
    return neighbour != null && neighbour.getValue().overlaps(region.address(), region.length());
  }
}
