package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.image.Footprint;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.part.Verdict;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;
import org.kho4j.verify.Scratch;

/**
 * The load of the next kernel by kexec. A kernel with KHO on puts every piece into a scratch
 * region, and refuses the load where a piece fits into none (EADDRNOTAVAIL). The regions are tried
 * in their order, as Linux 7.3 does it.
 */
final class KexecLoad {

  /** The name of the component. */
  static final String NAME = "load";

  private static final long MIB = 1L << 20;
  private static final long PAGE = 1L << 12;

  /** The lowest addresses for kernel and initrd on x86-64. */
  private static final long X86_KERNEL_MIN = MIB;

  private static final long X86_INITRD_MIN = 16 * MIB;

  /** On arm64, the initrd is within 32 GiB of the 1 GiB that the kernel starts in. */
  private static final long ARM64_WINDOW = 32L << 30;

  private static final long ARM64_WINDOW_ALIGNMENT = 1L << 30;

  /** Room for all smaller pieces, which have some 100 KB; a device tree has 2 MiB of its own. */
  private static final Footprint X86_REST = new Footprint(MIB, 1L << 16);

  private static final Footprint ARM64_REST = new Footprint(2 * MIB, 2 * MIB);

  private final List<AddressRange> regions;
  private final boolean arm64;
  private final List<AddressRange> taken = new ArrayList<>();

  private KexecLoad(List<AddressRange> regions, boolean arm64) {
    this.regions = regions;
    this.arm64 = arm64;
  }

  /**
   * Judges the load.
   *
   * @param initrd bytes of the initrd; empty to judge the kernel alone
   * @return empty if there is no verdict: no initrd is given and the kernel fits, or the first
   *     kernel has no KHO
   */
  static Optional<Component> judge(
      Profile from, Optional<Scratch> scratch, Profile to, Optional<Long> initrd) {
    boolean asked = initrd.isPresent();
    if (from.support(Part.KHO).state() == Support.State.NO) {
      return Optional.empty();
    }
    if (scratch.isEmpty()) {
      return component(
          asked,
          Verdict.UNKNOWN,
          "the scratch regions are unknown: a running kernel shows them to root (--from running), and a memory"
              + " image has them (--setup-data, --scratch-array)");
    }
    List<AddressRange> regions = scratch.get().regions();
    boolean arm64 = to.architecture() == Architecture.ARM64;
    Optional<Footprint> kernel = to.footprint();
    String pieces = pieces(kernel, initrd);
    if (!new KexecLoad(regions, arm64).fits(kernel, initrd, false)) {
      return component(
          true,
          Verdict.LOST,
          "kexec refuses the load, and nothing is handed over: %s of scratch have no room for %s; boot the first"
                  .formatted(list(regions), pieces)
              + " kernel with a larger kho_scratch=");
    }
    if (kernel.isEmpty()) {
      return component(
          asked,
          Verdict.UNKNOWN,
          "the next kernel's size in memory is unknown: a bzImage and an arm64 Image have it");
    }
    if (!new KexecLoad(regions, arm64).fits(kernel, initrd, true)) {
      return component(
          true,
          Verdict.UNKNOWN,
          "%s fit into %s of scratch, but may leave too little room for the smaller pieces of the load"
              .formatted(pieces, list(regions)));
    }
    return component(
        asked, Verdict.OK, "%s fit into %s of scratch".formatted(pieces, list(regions)));
  }

  private static Optional<Component> component(boolean said, Verdict verdict, String because) {
    return said
        ? Optional.of(new Component(NAME, Optional.empty(), Optional.empty(), verdict, because))
        : Optional.empty();
  }

  private static String pieces(Optional<Footprint> kernel, Optional<Long> initrd) {
    List<String> pieces = new ArrayList<>();
    kernel.ifPresent(one -> pieces.add("a kernel of " + size(one.bytes())));
    initrd.ifPresent(bytes -> pieces.add("an initrd of " + size(bytes)));
    return String.join(" and ", pieces);
  }

  private static String list(List<AddressRange> regions) {
    return regions.stream()
        .filter(region -> !region.isEmpty())
        .map(region -> size(region.length()))
        .collect(Collectors.joining(" + "));
  }

  private static String size(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", (double) bytes / MIB);
  }

  /** Places the pieces as the loader of the architecture does. */
  private boolean fits(Optional<Footprint> kernel, Optional<Long> initrd, boolean rest) {
    return arm64 ? fitsArm64(kernel, initrd, rest) : fitsX86(kernel, initrd, rest);
  }

  /**
   * Returns whether the pieces fit on x86-64: each goes as high as possible in the first region
   * that has room.
   */
  private boolean fitsX86(Optional<Footprint> kernel, Optional<Long> initrd, boolean rest) {
    return (!rest || placeHigh(X86_REST.bytes(), X86_REST.alignment(), 0))
        && kernel.map(one -> placeHigh(one.bytes(), one.alignment(), X86_KERNEL_MIN)).orElse(true)
        && initrd.map(bytes -> placeHigh(bytes, PAGE, X86_INITRD_MIN)).orElse(true);
  }

  /**
   * Returns whether the pieces fit on arm64: the kernel goes as low as possible, and all others
   * above it, or the kernel moves on.
   */
  private boolean fitsArm64(Optional<Footprint> kernel, Optional<Long> initrd, boolean rest) {
    long bytes = kernel.map(Footprint::bytes).orElse(PAGE);
    long alignment = kernel.map(Footprint::alignment).orElse(PAGE);
    long min = 0;
    while (placeLow(bytes, alignment, min, Long.MAX_VALUE)) {
      AddressRange placed = taken.getLast();
      min = placed.end();
      long window = (placed.address() & -ARM64_WINDOW_ALIGNMENT) + ARM64_WINDOW;
      long above = min;
      if (initrd.map(size -> placeLow(size, PAGE, above, window)).orElse(true)
          && (!rest
              || placeLow(ARM64_REST.bytes(), ARM64_REST.alignment(), above, Long.MAX_VALUE))) {
        return true;
      }
      taken.clear();
    }
    return false;
  }

  private boolean placeHigh(long size, long alignment, long min) {
    long bytes = roundUp(size, PAGE);
    for (AddressRange region : regions) {
      long start = (region.end() - bytes) & -alignment;
      while (start >= region.address() && start >= min) {
        AddressRange other = overlapping(start, bytes);
        if (other == null) {
          taken.add(new AddressRange(start, bytes));
          return true;
        }
        start = (other.address() - bytes) & -alignment;
      }
    }
    return false;
  }

  private boolean placeLow(long size, long alignment, long min, long max) {
    long bytes = roundUp(size, PAGE);
    for (AddressRange region : regions) {
      long start = roundUp(Math.max(region.address(), min), alignment);
      while (start + bytes <= Math.min(region.end(), max)) {
        AddressRange other = overlapping(start, bytes);
        if (other == null) {
          taken.add(new AddressRange(start, bytes));
          return true;
        }
        start = roundUp(other.end(), alignment);
      }
    }
    return false;
  }

  private @Nullable AddressRange overlapping(long start, long bytes) {
    return taken.stream().filter(one -> one.overlaps(start, bytes)).findFirst().orElse(null);
  }

  private static long roundUp(long value, long alignment) {
    return (value + alignment - 1) & -alignment;
  }
}
