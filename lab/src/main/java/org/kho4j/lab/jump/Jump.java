package org.kho4j.lab.jump;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

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
   * Every jump: from the kernel as it is to each that differs, and back; between all older
   * releases, and all sizes of pages; then those in which part of it is not in use, and those that
   * the next kernel's command line decides.
   *
   * @param kernels of the family, without its name
   */
  static List<Jump> all(List<String> kernels) {
    List<Jump> jumps = new ArrayList<>();
    jumps.add(new Jump(BASE, BASE, Use.EVERYTHING));
    for (String from : OLDER) {
      for (String to : OLDER) {
        jumps.add(new Jump(from, to, Use.EVERYTHING));
      }
    }
    for (String kernel : kernels) {
      if (!kernel.equals(BASE) && !kernel.startsWith(PAGES)) {
        jumps.add(new Jump(BASE, kernel, Use.EVERYTHING));
        if (!kernel.equals("kho-off")) {
          jumps.add(new Jump(kernel, BASE, Use.EVERYTHING));
        }
      }
    }
    List<String> pages = kernels.stream().filter(kernel -> kernel.startsWith(PAGES)).toList();
    for (String from : pages) {
      for (String to : pages) {
        jumps.add(new Jump(from, to, Use.EVERYTHING));
      }
    }
    for (String kernel : List.of("memfd-v3", "memfd-off", "folio-bits", "luo-v6", "flb-w")) {
      jumps.add(new Jump(BASE, kernel, Use.NO_FILES));
    }
    for (String kernel : List.of("luo-v6", "luo-swapped", "block-grown", "blob-property")) {
      jumps.add(new Jump(BASE, kernel, Use.NO_LUO));
    }
    for (String kernel : List.of("memblock-v2", "reserve-mem-v2")) {
      jumps.add(new Jump(BASE, kernel, Use.NO_RESERVATION));
    }
    jumps.add(new Jump("test-off", "kho-test-v2", Use.EVERYTHING));
    jumps.add(new Jump("test-off", "vmalloc-swapped", Use.NO_FILES));
    for (String kernel : List.of("luo-v6", "memfd-v3", "luo-swapped", "vmalloc-swapped")) {
      jumps.add(new Jump(BASE, kernel, Use.NEXT_KHO_OFF));
    }
    for (String kernel : List.of("luo-v6", "memfd-v3", "luo-swapped")) {
      jumps.add(new Jump(BASE, kernel, Use.NEXT_LUO_OFF));
    }
    jumps.add(new Jump("arm64-16k", "arm64-64k", Use.NEXT_KHO_OFF));
    for (Use use : Use.values()) {
      if (use.name().startsWith("NEXT")) {
        jumps.add(new Jump(BASE, BASE, use));
      }
    }
    return jumps;
  }
}
