package org.kho4j.preflight;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.kho4j.preflight.Part.Fate;
import org.kho4j.preflight.image.Feature;

/**
 * Every part that is known, those first that others arrive in. What a kernel does is what Linux 7.2
 * and 7.3 were seen to do in the lab.
 */
public final class Parts {

  private static final Fate WRONG_PLACES =
      new Fate(
          Verdict.CORRUPT,
          "it does not notice, and reads the bytes as something else: from wrong data to a panic, everything was seen");

  public static final Part KHO =
      new Part(
          "kho",
          List.of("kho"),
          false,
          Feature.KHO,
          Optional.empty(),
          List.of("kho_radix_node", "kho_radix_leaf"),
          List.of(),
          List.of("KHO_TREE_MAX_DEPTH", "KHO_TABLE_SIZE_LOG2", "KHO_BITMAP_SIZE_LOG2"),
          new Fate(
              Verdict.LOST,
              "it takes all memory for its own, without a word; nothing of the handover remains"),
          new Fate(
              Verdict.LOST,
              "it says \"incompatible\" and \"disabling KHO revival\", and boots on; nothing of the handover"
                  + " remains"),
          WRONG_PLACES);

  public static final Part KEXEC_METADATA =
      new Part(
          "kexec-metadata",
          List.of("kexec-metadata"),
          false,
          Feature.KEXEC_METADATA,
          Optional.of("kho"),
          List.of("kho_kexec_metadata"),
          List.of(),
          List.of(),
          new Fate(Verdict.DEGRADED, "it does not tell which kernel it comes from"),
          new Fate(
              Verdict.DEGRADED,
              "it warns, does not tell which kernel it comes from, and counts kexecs anew"),
          new Fate(
              Verdict.DEGRADED, "it warns, or tells a wrong release and a wrong count of kexecs"));

  public static final Part MEMBLOCK =
      new Part(
          "memblock",
          List.of("memblock", "reserve-mem"),
          false,
          Feature.MEMBLOCK,
          Optional.of("kho"),
          List.of(),
          List.of(),
          List.of(),
          new Fate(Verdict.LOST, "it allocates the reservations anew, and empty"),
          new Fate(Verdict.LOST, "it warns, and allocates the reservations anew, and empty"),
          WRONG_PLACES);

  public static final Part LUO =
      new Part(
          "luo",
          List.of("luo", "luo-session", "luo-flb"),
          false,
          Feature.LUO,
          Optional.of("kho"),
          List.of(
              "luo_ser",
              "luo_session_header_ser",
              "luo_session_ser",
              "luo_file_set_ser",
              "luo_file_ser",
              "luo_flb_header_ser",
              "luo_flb_ser"),
          List.of("kho_block_header_ser"),
          List.of(),
          new Fate(Verdict.LOST, "it has no /dev/liveupdate; no session is ever seen again"),
          new Fate(Verdict.PANIC, "it panics in early boot, also with liveupdate=off"),
          WRONG_PLACES);

  public static final Part MEMFD =
      Part.fileHandler(
          "memfd",
          Feature.MEMFD,
          List.of("memfd_luo_ser", "memfd_luo_folio_ser"),
          List.of("kho_vmalloc", "kho_vmalloc_chunk"),
          WRONG_PLACES);

  /** Data that files share: the kernel's own tests have some. */
  public static final Part FLB =
      new Part(
          "flb",
          List.of("liveupdate-test-flb"),
          true,
          new Feature(
              "flb",
              "CONFIG_LIVEUPDATE_TEST",
              "liveupdate_test_register",
              "liveupdate-test-flb",
              "",
              false),
          Optional.of("luo"),
          List.of(),
          List.of(),
          List.of(),
          new Fate(Verdict.LOST, "nobody asks for them"),
          new Fate(Verdict.LOST, "nobody asks for them under their old names"),
          WRONG_PLACES);

  public static final Part KHO_TEST =
      new Part(
          "kho_test",
          List.of("kho-test"),
          false,
          Feature.KHO_TEST,
          Optional.of("kho"),
          List.of(),
          List.of("kho_vmalloc", "kho_vmalloc_chunk"),
          List.of(),
          new Fate(Verdict.LOST, "nobody looks at the test data"),
          new Fate(Verdict.LOST, "its test module says \"KHO restore failed\""),
          WRONG_PLACES);

  /** All of them. */
  public static final List<Part> ALL =
      List.of(KHO, KEXEC_METADATA, MEMBLOCK, LUO, MEMFD, FLB, KHO_TEST);

  /** Structures that the version of KHO stands for, though they have no part of their own. */
  static final List<String> SHARED =
      List.of("kho_vmalloc", "kho_vmalloc_chunk", "kho_block_header_ser");

  private Parts() {}

  /** The tags of all structures. */
  static Set<String> types() {
    Set<String> types = new TreeSet<>(SHARED);
    ALL.forEach(part -> types.addAll(part.types()));
    return types;
  }

  /** The part of that name. */
  public static Optional<Part> of(String name) {
    return ALL.stream().filter(part -> part.name().equals(name)).findFirst();
  }
}
