package org.kho4j.preflight.part;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.kho4j.abi.Component;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.Structure;
import org.kho4j.preflight.part.Part.Fate;
import org.kho4j.preflight.image.Feature;

/**
 * Every known part, containers before their contents. The fates are those of Linux 7.2 and 7.3 in
 * the lab.
 */
public final class Parts {

  /** Structures that the version of KHO covers and through which other parts are read. */
  public static final List<String> SHARED =
      Stream.of(KhoVmalloc.STRUCTURE, KhoVmallocChunk.STRUCTURE, KhoBlock.STRUCTURE)
          .map(Structure::name)
          .toList();

  private static final Fate WRONG_PLACES =
      new Fate(
          Verdict.CORRUPT,
          "it does not notice, and misreads the bytes: jumps ended in wrong data, warnings or panics");

  public static final Part KHO =
      Part.of("kho", Feature.KHO)
          .types(Component.KHO, "khoser_mem_chunk_hdr")
          .constants("KHO_TREE_MAX_DEPTH", "KHO_TABLE_SIZE_LOG2", "KHO_BITMAP_SIZE_LOG2")
          .absent(lost("it reuses all memory without a message; nothing of the handover remains"))
          .other(
              lost(
                  "it logs \"incompatible\" and \"disabling KHO revival\", and boots; nothing of the handover"
                      + " remains"))
          .moved(WRONG_PLACES)
          .build();

  public static final Part KEXEC_METADATA =
      Part.of("kexec-metadata", Feature.KEXEC_METADATA)
          .within("kho")
          .types(Component.KEXEC_METADATA)
          .absent(degraded("it does not report which kernel it comes from"))
          .other(
              degraded(
                  "it warns, does not log the previous kernel's release, and counts kexecs from 1"
                      + " again"))
          .moved(degraded("it warns, or reports a wrong release and a wrong count of kexecs"))
          .build();

  public static final Part MEMBLOCK =
      Part.of("memblock", Feature.MEMBLOCK)
          .within("kho")
          .stems("memblock", "reserve-mem")
          .absent(lost("it allocates new, empty reservations"))
          .other(lost("it warns, and allocates new, empty reservations"))
          .moved(WRONG_PLACES)
          .build();

  public static final Part LUO =
      Part.of("luo", Feature.LUO)
          .within("kho")
          .stems("luo", "luo-session", "luo-flb")
          .types(Component.LUO)
          .shared("kho_block_header_ser")
          .absent(lost("it has no /dev/liveupdate, so no session can be retrieved"))
          .other(new Fate(Verdict.PANIC, "it panics in early boot, also with liveupdate=off"))
          .moved(WRONG_PLACES)
          .build();

  public static final Part MEMFD =
      Part.fileHandler("memfd", Feature.MEMFD)
          .types(Component.MEMFD)
          .shared("kho_vmalloc", "kho_vmalloc_chunk")
          .moved(WRONG_PLACES)
          .build();

  /** Data that files share: the kernel's own tests have some. */
  public static final Part FLB =
      Part.of("flb", Feature.TEST_FLB)
          .within("luo")
          .several()
          .absent(lost("no driver asks for them"))
          .other(lost("no driver asks for them under their old names"))
          .moved(WRONG_PLACES)
          .build();

  public static final Part KHO_TEST =
      Part.of("kho_test", Feature.KHO_TEST)
          .within("kho")
          .shared("kho_vmalloc", "kho_vmalloc_chunk")
          .absent(lost("no module looks for the test data"))
          .other(lost("its test module logs \"KHO restore failed\""))
          .moved(WRONG_PLACES)
          .build();

  /** All known parts. */
  public static final List<Part> ALL =
      List.of(KHO, KEXEC_METADATA, MEMBLOCK, LUO, MEMFD, FLB, KHO_TEST);

  private Parts() {}

  private static Fate degraded(String kernel) {
    return new Fate(Verdict.DEGRADED, kernel);
  }

  private static Fate lost(String kernel) {
    return new Fate(Verdict.LOST, kernel);
  }

  /** Returns the tags of all structures. */
  public static Set<String> types() {
    Set<String> types = new TreeSet<>(SHARED);
    ALL.forEach(part -> types.addAll(part.types()));
    return types;
  }

  /** Returns the part that a subtree of the root FDT holds. */
  public static Optional<Part> ofSubtree(String name) {
    return name.equals(LuoSer.SUBTREE)
        ? Optional.of(LUO)
        : of(name)
            .filter(part -> part.within().equals(Optional.of(KHO.name())))
            .filter(part -> !part.equals(LUO));
  }

  /** Returns the part of an entry of an image's table. */
  public static Optional<Part> ofTable(String name) {
    return ALL.stream()
        .filter(part -> part.isOf(name) || part.name().equalsIgnoreCase(name))
        .findFirst();
  }

  /** Returns the part of that name. */
  public static Optional<Part> of(String name) {
    return ALL.stream().filter(part -> part.name().equals(name)).findFirst();
  }
}
