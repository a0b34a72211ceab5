package org.kho4j.abi;

/** What the memfd file handler hands over for one file. */
public final class MemfdSer {

  /** memfd-v1: 6.19 and 7.0. */
  public static final Structure V1 =
      Structure.fixed(
          "memfd_luo_ser",
          40,
          Releases.of("6.19", "7.0"),
          "include/linux/kho/abi/memfd.h",
          "Packed, in a page of its own (order 0), freed when the file is retrieved or its session finished.",
          pos(0),
          size(8),
          nrFolios(16),
          folios(24));

  /** memfd-v2: since 7.1. */
  public static final Structure V2 =
      Structure.fixed(
          "memfd_luo_ser",
          48,
          Releases.since("7.1"),
          "include/linux/kho/abi/memfd.h",
          "Packed, in a page of its own (order 0), freed when the file is retrieved or its session finished.",
          pos(0),
          size(8),
          Field.u32(
              16,
              "seals",
              "F_SEAL_* bits: SEAL 1, SHRINK 2, GROW 4, WRITE 8, FUTURE_WRITE 0x10, EXEC 0x20; others are refused with"
                  + " EOPNOTSUPP at retrieve"),
          Field.u32(20, "flags", "0; a kernel does not check it"),
          nrFolios(24),
          folios(32));

  public static final int SEALS_MASK = 0x3f;

  private MemfdSer() {}

  private static Field pos(int offset) {
    return Field.u64(offset, "pos", "file position in bytes");
  }

  private static Field size(int offset) {
    return Field.u64(offset, "size", "file size in bytes");
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
