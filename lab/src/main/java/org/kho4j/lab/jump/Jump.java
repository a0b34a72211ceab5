package org.kho4j.lab.jump;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** A handover from one kernel to another. */
record Jump(String from, String to, Use use) {

  /** The family of kernels in {@code lab/kernels}. */
  static final String FAMILY = "preflight/";

  private static final String BASE = "7.3";

  /** Releases before it. */
  private static final List<String> OLDER = List.of("7.1", "7.2");

  /** Kernels that differ in the size of their pages, which no jump leaves. */
  private static final String PAGES = "arm64-";

  /** By which it is chosen, and its files are kept. */
  String name() {
    String suffix =
        use == Use.EVERYTHING ? "" : "-" + use.name().toLowerCase(Locale.ROOT).replace('_', '-');
    return from + "-to-" + to + suffix;
  }

  /**
   * Every jump: from the unchanged kernel to each that differs, and back; between all older
   * releases, and all sizes of pages; then those in which part of it is not in use, and those that
   * the next kernel's command line decides.
   *
   * @param kernels of the family, without its name
   */
  static List<Jump> all(List<String> kernels) {
    List<Jump> jumps = new ArrayList<>();
    fromBase(jumps, Use.EVERYTHING, BASE);
    fromEachToEach(jumps, OLDER);
    for (String kernel : kernels) {
      if (!kernel.equals(BASE) && !kernel.startsWith(PAGES)) {
        fromBase(jumps, Use.EVERYTHING, kernel);
        if (!kernel.equals("kho-off")) {
          jumps.add(new Jump(kernel, BASE, Use.EVERYTHING));
        }
      }
    }
    fromEachToEach(jumps, kernels.stream().filter(kernel -> kernel.startsWith(PAGES)).toList());
    fromBase(jumps, Use.NO_FILES, "memfd-v3", "memfd-off", "folio-bits", "luo-v6", "flb-w");
    fromBase(jumps, Use.NO_LUO, "luo-v6", "luo-swapped", "block-grown", "blob-property");
    fromBase(jumps, Use.NO_RESERVATION, "memblock-v2", "reserve-mem-v2");
    fromEachToEach(jumps, List.of("features", "features-more"));
    jumps.add(new Jump("composite", "composite", Use.EVERYTHING));
    jumps.add(new Jump("test-off", "kho-test-v2", Use.EVERYTHING));
    jumps.add(new Jump("test-off", "vmalloc-swapped", Use.NO_FILES));
    fromBase(jumps, Use.NEXT_KHO_OFF, "luo-v6", "memfd-v3", "luo-swapped", "vmalloc-swapped");
    fromBase(jumps, Use.NEXT_LUO_OFF, "luo-v6", "memfd-v3", "luo-swapped");
    jumps.add(new Jump("arm64-16k", "arm64-64k", Use.NEXT_KHO_OFF));
    for (Use use : Use.values()) {
      if (use.name().startsWith("NEXT")) {
        fromBase(jumps, use, BASE);
      }
    }
    return jumps;
  }

  private static void fromBase(List<Jump> jumps, Use use, String... kernels) {
    Stream.of(kernels).forEach(kernel -> jumps.add(new Jump(BASE, kernel, use)));
  }

  private static void fromEachToEach(List<Jump> jumps, List<String> kernels) {
    for (String from : kernels) {
      kernels.forEach(to -> jumps.add(new Jump(from, to, Use.EVERYTHING)));
    }
  }
}
