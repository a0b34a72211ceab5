package org.kho4j.cli.author;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.SetupData;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.author.Spec.Range;
import org.kho4j.handover.pages.AddressRange;

/** The memory that a spec gives addresses in: all of it in memory, and no byte claimed twice. */
final class ClaimedRanges {

  private record Claim(SpecPlace place, String what, AddressRange range) {}

  /** Boot records and scratch arrays hold numbers of 64 bits. */
  private static final int WORD = Long.BYTES;

  private final Spec spec;
  private final List<Claim> claims = new ArrayList<>();

  /** Begins with the scratch regions. */
  ClaimedRanges(Spec spec) {
    this.spec = spec;
    List<Claim> regions = new ArrayList<>();
    for (Range region : spec.scratch()) {
      region.requireInside(region.range(), spec.memory().range());
      for (Claim other : regions) {
        requireApart(region.place(), "scratch", region.range(), other);
      }
      regions.add(new Claim(region.place(), "a scratch region", region.range()));
    }
  }

  /** Claims memory outside of the scratch regions. */
  void add(SpecPlace place, String what, AddressRange range) {
    requireOutsideScratch(place, range);
    claim(place, what, range);
  }

  /** Claims the place of the scratch array, which is in a scratch region. */
  void addScratchArray(SpecPlace place, long address) {
    AddressRange array =
        range(place, address, (long) spec.scratch().size() * KhoScratch.STRUCTURE.headerSize());
    if (scratchWith(array) == null) {
      throw place.broken("%s is not inside one scratch region", array);
    }
    claim(place, "the scratch array", array);
  }

  /** Claims the place of x86-64's boot record. */
  void addBootRecord(SpecPlace place, long address) {
    if (spec.arch() != Arch.X86_64) {
      throw place.broken(
          "the boot record of %s is in the device tree, not in memory", spec.arch().label());
    }
    AddressRange record = range(place, address, SetupData.STRUCTURE.headerSize());
    if (scratchWith(record) == null) {
      requireOutsideScratch(place, record);
    }
    claim(place, "the boot record", record);
  }

  private static AddressRange range(SpecPlace place, long address, long bytes) {
    if (address % WORD != 0) {
      throw place.broken("0x%x is not a multiple of %d", address, WORD);
    }
    return new AddressRange(address, bytes);
  }

  private void claim(SpecPlace place, String what, AddressRange range) {
    place.requireInside(range, spec.memory().range());
    if (range.address() == 0) {
      throw place.broken("%s cannot be at 0: an address of 0 means that there is none", what);
    }
    for (Claim other : claims) {
      requireApart(place, what, range, other);
    }
    claims.add(new Claim(place, what, range));
  }

  private static void requireApart(SpecPlace place, String what, AddressRange range, Claim other) {
    if (range.overlaps(other.range)) {
      throw place.broken(
          "%s at %s overlaps with %s at %s, in line %d",
          what, range, other.what, other.range, other.place.line());
    }
  }

  private void requireOutsideScratch(SpecPlace place, AddressRange range) {
    for (Range region : spec.scratch()) {
      if (range.overlaps(region.range())) {
        throw place.broken(
            "%s is in scratch region %s, which the next kernel writes to", range, region.range());
      }
    }
  }

  private @Nullable AddressRange scratchWith(AddressRange range) {
    return spec.scratch().stream()
        .map(Range::range)
        .filter(region -> region.contains(range))
        .findFirst()
        .orElse(null);
  }

  /** Everything that was claimed. */
  List<AddressRange> ranges() {
    return claims.stream().map(Claim::range).toList();
  }
}
