package org.kho4j.cli.convert;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Limits;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

/**
 * The room for rewritten structures.
 *
 * @param scratch the scratch region of the converted handover
 * @param avoided what holds nothing that is written anew: memory that is written before the next
 *     kernel runs, memory that parts of the source claim, and addresses without RAM
 * @param free the rest of the memory
 */
record Room(List<AddressRange> scratch, List<AddressRange> avoided, List<AddressRange> free) {

  private static final int MOST_NAMED = 8;

  /** Real mode, and where QEMU and a kernel's loader unpack; see author's notes. */
  private static final long LOW = 16 << 20;

  /** Bytes at the end of a PC's memory to which QEMU's firmware writes. */
  private static final long FIRMWARE = 32 << 20;

  /**
   * Bytes at the start of memory for QEMU's arm64 kernel, the initrd, 128 MiB from there, and the
   * device tree behind it.
   */
  private static final long ARM64_LOADER = 256 << 20;

  /**
   * Finds it.
   *
   * @param memory all that the RAM file has
   * @param ram the parts of it that are RAM, ascending
   * @param kept what stays
   * @param claims what parts of the source claim, preserved or not
   * @param pc whether it is a PC's memory
   * @param scratch the region that the user wants; null for half of the largest gap
   * @throws IOException if there is no room
   */
  static Room of(
      AddressRange memory,
      List<AddressRange> ram,
      KeptBlocks kept,
      ClaimedMemory claims,
      PageSize pageSize,
      boolean pc,
      @Nullable AddressRange scratch)
      throws IOException {
    List<AddressRange> taken = new ArrayList<>();
    for (KeptBlocks.Run run : kept.runs()) {
      taken.add(new AddressRange(run.address(), run.bytes()));
    }
    List<AddressRange> noRam = memory.without(merged(ram, taken));
    List<AddressRange> written = pc ? firmware(memory) : List.of(loader(memory));
    AddressRange zero = new AddressRange(0, pageSize.bytes()); // a pointer of 0 means none
    List<AddressRange> notFree = merged(List.of(zero), taken);
    List<AddressRange> gaps = memory.without(merged(notFree, noRam));
    List<AddressRange> claimed = claims.within(memory, pageSize);
    List<AddressRange> usable = without(without(gaps, written), claimed);
    if (bytes(usable) < 2 * Limits.scratchAlignment(pageSize)) {
      // A capture that was cut down to a handover: the rest of the machine's memory is not listed.
      noRam = List.of();
      gaps = memory.without(notFree);
      usable = without(without(gaps, written), claimed);
    }
    AddressRange region = scratch == null ? half(usable, pageSize) : scratch;
    for (AddressRange range : written) {
      if (range.overlaps(region)) {
        throw new IOException(
            "scratch region %s overlaps %s, which firmware or the kernel's loader overwrite"
                .formatted(region, range));
      }
    }
    if (scratch != null) {
      requireUsable(scratch, pageSize);
    }
    for (AddressRange range : claimed) {
      if (range.overlaps(region)) {
        throw new IOException(
            "scratch region %s overlaps %s, which a reservation, a file or an FLB claims"
                .formatted(region, range));
      }
    }
    for (AddressRange range : taken) {
      if (range.overlaps(region)) {
        throw new IOException(
            "scratch region %s overlaps %s, which is preserved".formatted(region, range));
      }
    }
    if (!memory.contains(region) || noRam.stream().anyMatch(region::overlaps)) {
      throw new IOException(
          "scratch region %s is not in memory; memory is %s"
              .formatted(
                  region,
                  ram.stream()
                          .limit(MOST_NAMED)
                          .map(AddressRange::toString)
                          .collect(Collectors.joining(", "))
                      + (ram.size() > MOST_NAMED ? " and more" : "")));
    }
    List<AddressRange> free = without(usable, List.of(region));
    if (free.isEmpty()) {
      throw new IOException(
          "there is no memory left for the structures outside of scratch " + region);
    }
    List<AddressRange> avoided = new ArrayList<>(noRam);
    avoided.addAll(without(without(gaps, List.of(region)), free));
    return new Room(List.of(region), avoided, free);
  }

  private static void requireUsable(AddressRange scratch, PageSize pageSize) throws IOException {
    if (scratch.length() < Limits.scratchAlignment(pageSize)) {
      throw new IOException(
          "the scratch region at 0x%x has %d bytes: a kernel needs regions of at least %d"
                  .formatted(scratch.address(), scratch.length(), Limits.scratchAlignment(pageSize))
              + " bytes to boot in");
    }
    if (!pageSize.isAligned(scratch.address()) || !pageSize.isAligned(scratch.length())) {
      throw new IOException(
          "scratch region %s is not whole pages of %s".formatted(scratch, pageSize));
    }
  }

  private static List<AddressRange> firmware(AddressRange memory) {
    long low = Math.min(memory.end(), LOW);
    long high = Math.max(memory.end() - FIRMWARE, low);
    List<AddressRange> ranges = new ArrayList<>();
    add(ranges, memory.address(), low);
    // A small guest has no memory to spare.
    if (memory.length() >= 8 * FIRMWARE) {
      add(ranges, high, memory.end());
    }
    return ranges;
  }

  /** Of a small guest half: it has no memory to spare. */
  private static AddressRange loader(AddressRange memory) {
    return new AddressRange(memory.address(), Math.min(ARM64_LOADER, memory.length() / 2));
  }

  /** About half of a gap, where kernels want it if that is possible; not all that there is. */
  private static AddressRange half(List<AddressRange> gaps, PageSize pageSize) throws IOException {
    long room = bytes(gaps);
    for (long unit :
        new long[] {Limits.scratchAlignment(pageSize), Limits.SCRATCH_ARRAY_ALIGNMENT}) {
      Optional<AddressRange> half =
          gaps.stream()
              .flatMap(gap -> half(gap, unit).stream())
              .filter(region -> region.length() < room)
              .max(Comparator.comparingLong(AddressRange::length));
      if (half.isPresent()) {
        return half.get();
      }
    }
    AddressRange largest =
        gaps.stream()
            .max(Comparator.comparingLong(AddressRange::length))
            .orElseThrow(() -> new IOException("all of the memory is preserved: no room is left"));
    throw new IOException(
        "the largest part of memory that is not preserved is %s: too small for a scratch region"
            .formatted(largest));
  }

  private static Optional<AddressRange> half(AddressRange gap, long unit) {
    long start = (gap.address() + unit - 1) & -unit;
    long bytes = Math.max(unit, gap.length() / 2 & -unit);
    return start + bytes <= gap.end()
        ? Optional.of(new AddressRange(start, bytes))
        : Optional.empty();
  }

  /** Two lists as one, by address; what overlaps stays so. */
  private static List<AddressRange> merged(List<AddressRange> one, List<AddressRange> other) {
    List<AddressRange> all = new ArrayList<>(one);
    all.addAll(other);
    all.sort(Comparator.comparingLong(AddressRange::address));
    return all;
  }

  private static long bytes(List<AddressRange> ranges) {
    return ranges.stream().mapToLong(AddressRange::length).sum();
  }

  private static List<AddressRange> without(List<AddressRange> ranges, List<AddressRange> taken) {
    return ranges.stream().flatMap(range -> range.without(taken).stream()).toList();
  }

  private static void add(List<AddressRange> ranges, long start, long end) {
    if (start < end) {
      ranges.add(new AddressRange(start, end - start));
    }
  }
}
