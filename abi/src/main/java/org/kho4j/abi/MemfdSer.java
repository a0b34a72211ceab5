package org.kho4j.abi;

/** The structure that the memfd file handler hands over for one file. */
public final class MemfdSer {

  private static final String SOURCE = "include/linux/kho/abi/memfd.h";
  private static final String MEANING =
      "Packed, on a separate page; luo_file_ser.data is its address. The folios are preserved with"
          + " their own order.";
  private static final Lifetime LIFETIME =
      Lifetime.block(
          0, "when the file is preserved", "when the file is retrieved or its session finished");

  public static final Field POS = Field.u64(0, "pos", "file position in bytes");
  public static final Field SIZE = Field.u64(8, "size", "file size in bytes");

  /** Since memfd-v2. */
  public static final Field SEALS =
      Field.u32(16, "seals", "F_SEAL_* bits; others are refused with EOPNOTSUPP at retrieve")
          .withBits(
              new Field.Bits("F_SEAL_SEAL", 0, 1, "no more seals"),
              new Field.Bits("F_SEAL_SHRINK", 1, 1, "may not shrink"),
              new Field.Bits("F_SEAL_GROW", 2, 1, "may not grow"),
              new Field.Bits("F_SEAL_WRITE", 3, 1, "may not be written"),
              new Field.Bits("F_SEAL_FUTURE_WRITE", 4, 1, "no new writable mappings"),
              new Field.Bits("F_SEAL_EXEC", 5, 1, "the execute mode bits may not change"));

  /** Since memfd-v2. */
  public static final Field FLAGS = Field.u32(20, "flags", "0; a kernel does not check it");

  public static final Field NR_FOLIOS = nrFolios(24);
  public static final Field NR_FOLIOS_V1 = nrFolios(16);
  public static final Field FOLIOS = folios(32);
  public static final Field FOLIOS_V1 = folios(24);

  /** memfd-v1: 6.19 and 7.0. */
  public static final Structure V1 =
      structure(Releases.of("6.19", "7.0"), POS, SIZE, NR_FOLIOS_V1, FOLIOS_V1);

  /** memfd-v2: since 7.1. */
  public static final Structure V2 =
      structure(Releases.since("7.1"), POS, SIZE, SEALS, FLAGS, NR_FOLIOS, FOLIOS);

  /** In front of {@link #BODY}. */
  public static final Field FEATURES =
      Field.embedded(0, "hdr", LuoFeatures.STRUCTURE, "features in place of a version");

  /** The fields of {@link #V2} in {@link #FEATURED}. */
  public static final Field BODY =
      Field.embedded(128, "body", V2, "the fields of memfd-v2; the kernel has no name for them");

  /** With a feature header, as the memory-management tree has it. */
  public static final Structure FEATURED = structure(Releases.NEVER, FEATURES, BODY);

  public static final int SEALS_MASK = 0x3f;

  private MemfdSer() {}

  private static Structure structure(Releases releases, Field... fields) {
    return Structure.fixed("memfd_luo_ser", releases, LIFETIME, SOURCE, MEANING, fields);
  }

  private static Field nrFolios(int offset) {
    return Field.u64(
        offset,
        "nr_folios",
        "entries of the folio array; 0 exactly when size is 0, and folios is all zero then");
  }

  private static Field folios(int offset) {
    return Field.embedded(
        offset,
        "folios",
        KhoVmalloc.STRUCTURE,
        "vmalloc area that holds the array of memfd_luo_folio_ser");
  }
}
