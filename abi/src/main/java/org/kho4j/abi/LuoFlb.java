package org.kho4j.abi;

/** File-lifecycle-bound global data (FLB): state that several files share. Since 7.0. */
public final class LuoFlb {

  public static final Field NAME =
      Field.chars(0, 48, "name", "compatible string of the FLB; compared as a whole string");
  public static final Field DATA = Field.u64(48, "data", "the FLB's own");
  public static final Field COUNT = Field.u64(56, "count", "files that hold a reference");

  /** Entry of the FLB page. */
  public static final Structure STRUCTURE =
      Structure.fixed(
          "luo_flb_ser",
          64,
          Releases.since("7.0"),
          Lifetime.partOf("luo_flb_header_ser"),
          "include/linux/kho/abi/luo.h",
          "Packed. Entry of the FLB page.",
          NAME,
          DATA,
          COUNT);

  public static final Field HEADER_PGCNT = Field.u64(0, "pgcnt", "pages of the area: 1");
  public static final Field HEADER_COUNT =
      Field.u64(8, "count", "entries that follow; a kernel does not compare it with the page");

  /** The FLB page. */
  public static final Structure HEADER =
      Structure.paged(
          "luo_flb_header_ser",
          1,
          Field.embedded(16, "flbs", STRUCTURE, "count entries"),
          Releases.since("7.0"),
          Lifetime.block(
              0,
              "complete in the reboot system call",
              "by nobody: no kernel up to 7.3 is seen to free it"),
          "include/linux/kho/abi/luo.h",
          "One page: the header, then the entries.",
          HEADER_PGCNT,
          HEADER_COUNT);

  private LuoFlb() {}
}
