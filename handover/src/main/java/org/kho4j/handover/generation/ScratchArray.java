package org.kho4j.handover.generation;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.Limits;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.WritableMemory;

/**
 * The array of scratch regions, which the next generation reads.
 *
 * @param regions in the array's order: low memory, global, one per NUMA node; any may be empty
 */
record ScratchArray(List<AddressRange> regions) {

  /** Path of the array. */
  static final String PATH = "/scratch";

  private static final long ALIGNMENT = Limits.SCRATCH_ARRAY_ALIGNMENT;
  private static final int ENTRY_SIZE = KhoScratch.STRUCTURE.headerSize();
  private static final String ALL_EMPTY =
      "every scratch region is empty: the next kernel has no memory to boot in";

  /**
   * Checks the scratch regions of a first generation, and returns their array.
   *
   * @throws PreservationException if there are not 1 to {@link KhoScratch#MAX_REGIONS} regions, all
   *     are empty, or one is not memory, no whole pages, or overlaps with another
   */
  static ScratchArray of(WritableMemory memory, PageSize pageSize, List<AddressRange> regions) {
    ScratchArray array = new ScratchArray(regions);
    if (regions.isEmpty() || regions.size() > KhoScratch.MAX_REGIONS) {
      throw new PreservationException(
          "scratch",
          "%d regions; 1 to %d regions are allowed"
              .formatted(regions.size(), KhoScratch.MAX_REGIONS));
    }
    if (array.isEmpty()) {
      throw new PreservationException("scratch", regions.getFirst().address(), ALL_EMPTY);
    }
    for (int i = 0; i < regions.size(); i++) {
      String problem = array.problem(i, memory, pageSize);
      if (problem != null) {
        throw new PreservationException("scratch region " + i, regions.get(i).address(), problem);
      }
    }
    return array;
  }

  private boolean isEmpty() {
    return regions.stream().allMatch(AddressRange::isEmpty);
  }

  /** Returns the fault of a region, alone or beside those before it; null if there is none. */
  private @Nullable String problem(int region, WritableMemory memory, PageSize pageSize) {
    AddressRange it = regions.get(region);
    if (!pageSize.isAligned(it.address())) {
      return "not aligned to a page of " + pageSize;
    }
    if (it.isEmpty()) {
      // Linux has an empty region where another region covers the whole percentage asked for.
      return null;
    }
    if (!pageSize.isAligned(it.length()) || !memory.contains(it.address(), it.length())) {
      return "%d bytes are not whole pages in memory, which has 0x%x to 0x%x"
          .formatted(it.length(), memory.base(), memory.base() + memory.size() - 1);
    }
    for (AddressRange other : regions.subList(0, region)) {
      if (other.overlaps(it.address(), it.length())) {
        return "%s overlaps region %s".formatted(it, other);
      }
    }
    return null;
  }

  /** Returns the size of the array in bytes. */
  long bytes() {
    return (long) regions.size() * ENTRY_SIZE;
  }

  /**
   * Returns an address in one of the regions at which the array fits.
   *
   * @throws PreservationException if it does not
   */
  long roomForItself() {
    for (AddressRange region : regions) {
      // Linux takes an array at 0 for none (7.3).
      long address = Math.ceilDiv(Math.max(1, region.address()), ALIGNMENT) * ALIGNMENT;
      if (address + bytes() <= region.end()) {
        return address;
      }
    }
    throw new PreservationException(
        PATH,
        regions.isEmpty() ? 0 : regions.getFirst().address(),
        "no scratch region has room for %d bytes at a multiple of %d"
            .formatted(bytes(), ALIGNMENT));
  }

  /**
   * Returns an address at which the array is to be.
   *
   * @throws PreservationException if it is not in a scratch region: other memory may be in use
   */
  long requirePlace(long address) {
    boolean inRegion =
        regions.stream()
            .anyMatch(region -> region.address() <= address && bytes() <= region.end() - address);
    if (!inRegion || address == 0 || address % Long.BYTES != 0) {
      throw new PreservationException(
          PATH,
          address,
          "%d bytes are in no scratch region, or not at a multiple of 8 above 0"
              .formatted(bytes()));
    }
    return address;
  }

  void writeTo(long address, MemorySegment array) {
    StructureView entry = new StructureView(KhoScratch.STRUCTURE, address, array);
    for (int i = 0; i < regions.size(); i++) {
      entry.setAddress(KhoScratch.ADDR, regions.get(i).address());
      entry.set(KhoScratch.SIZE, regions.get(i).length());
      entry.next();
    }
  }

  /**
   * Reads the array of the incoming handover.
   *
   * @throws org.kho4j.handover.wire.HandoverException if there are not 1 to {@link
   *     KhoScratch#MAX_REGIONS} regions, all are empty, or one is not memory, no whole pages, or
   *     overlaps with another
   */
  static ScratchArray read(WritableMemory memory, HandoverMemory pages, BootData boot) {
    Where where = Where.ROOT.in("scratch");
    if (boot.regions() < 1 || boot.regions() > KhoScratch.MAX_REGIONS) {
      throw where.broken(
          boot.scratchAddress(),
          "%d bytes are %d regions; 1 to %d regions are allowed"
              .formatted(boot.scratchSize(), boot.regions(), KhoScratch.MAX_REGIONS));
    }
    StructureView entry =
        new StructureView(
            KhoScratch.STRUCTURE,
            boot.scratchAddress(),
            pages.bytes(where, boot.scratchAddress(), boot.regions() * ENTRY_SIZE));
    List<AddressRange> regions = new ArrayList<>();
    for (int i = 0; i < boot.regions(); i++) {
      long address = entry.address(KhoScratch.ADDR);
      long length = entry.get(KhoScratch.SIZE);
      entry.next();
      Where place = where.in("region", i);
      pages.requirePage(place, address, "the region's address");
      if (length < 0 || address + length < 0) {
        throw place.broken(
            address, "%s bytes cannot be memory".formatted(Long.toUnsignedString(length)));
      }
      regions.add(new AddressRange(address, length));
      String problem = new ScratchArray(regions).problem(i, memory, pages.pageSize());
      if (problem != null) {
        throw place.broken(address, problem);
      }
    }
    ScratchArray array = new ScratchArray(regions);
    if (array.isEmpty()) {
      throw where.broken(boot.scratchAddress(), ALL_EMPTY);
    }
    return array;
  }
}
