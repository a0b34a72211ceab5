package org.kho4j.cli.author;

import java.util.Comparator;
import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.author.Spec.Range;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;

/**
 * The memory for what the spec has not placed.
 *
 * @param place of what describes it, for the message that it is full
 */
record Pool(PageAllocator allocator, SpecPlace place) {

  /**
   * Bytes at the end of memory to which a PC's firmware writes before it starts a kernel. SeaBIOS
   * of QEMU keeps its tables there, works in the 16 MiB below them and runs from the 128 KiB below
   * those.
   */
  static final long FIRMWARE = 32 << 20;

  /**
   * The pool of a spec.
   *
   * @param claimed memory that is taken already
   */
  static Pool of(Spec spec, List<AddressRange> claimed) {
    AddressRange region = spec.pool().map(Range::range).orElseGet(() -> above(spec));
    SpecPlace place = spec.pool().map(Range::place).orElse(spec.place());
    place.requireInside(region, spec.memory().range());
    long memory = spec.memory().range().length();
    MemoryLimit.refusal(spec.pageSize(), memory, region.length())
        .ifPresent(why -> {
          throw spec.memory().broken(why);
        });
    for (Range scratch : spec.scratch()) {
      if (region.overlaps(scratch.range())) {
        throw place.broken(
            "%s overlaps with scratch region %s, which the next kernel writes to",
            region, scratch.range());
      }
    }
    List<AddressRange> free =
        region.without(
            claimed.stream()
                .map(range -> wholePages(range, spec.pageSize()))
                .sorted(Comparator.comparingLong(AddressRange::address))
                .toList());
    if (free.isEmpty()) {
      throw place.broken("the structures that the spec places take all of %s", region);
    }
    long room = free.stream().mapToLong(AddressRange::length).sum();
    long needed = spec.bytes() - claimed.stream().mapToLong(AddressRange::length).sum();
    if (needed > room) {
      throw place.broken(
          "%s of data do not fit into the remaining %s of %s",
          Units.size(needed), Units.size(room), region);
    }
    return new Pool(
        place.attempt(() ->
            spec.scatter().isPresent()
                ? PageAllocator.scattering(spec.pageSize(), free, spec.scatter().getAsLong())
                : new PageAllocator(spec.pageSize(), free)),
        place);
  }

  /** From the last scratch region to the end of memory. */
  private static AddressRange above(Spec spec) {
    long start =
        spec.scratch().stream().mapToLong(scratch -> scratch.range().end()).max().orElse(0);
    long end = spec.memory().range().end() - (spec.arch() == Arch.X86_64 ? FIRMWARE : 0);
    if (end <= start) {
      throw spec.broken(
          "there is no memory above the last scratch region%s: give \"allocate\"",
          spec.arch() == Arch.X86_64
              ? " and below the last %s, which a PC's firmware uses".formatted(Units.size(FIRMWARE))
              : "");
    }
    return new AddressRange(start, end - start);
  }

  private static AddressRange wholePages(AddressRange range, PageSize pageSize) {
    long page = pageSize.bytes();
    long start = range.address() & -page;
    return new AddressRange(start, Math.ceilDiv(range.end() - start, page) * page);
  }
}
