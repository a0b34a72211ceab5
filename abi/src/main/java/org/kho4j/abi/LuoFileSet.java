package org.kho4j.abi;

/**
 * Where a session's files are. Unchanged in size since 6.19; what {@code files} points at differs
 * by {@link LuoVersion}.
 */
public final class LuoFileSet {

  public static final Field FILES =
      Field.phys(
          0,
          "files",
          "luo_file_ser",
          "luo-v5: first KHO block of files; before: an array of files in two contiguous pages. 0 when there is none");
  public static final Field COUNT =
      Field.u64(8, "count", "files in all; with blocks it must equal their counts' sum");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "luo_file_set_ser",
          16,
          Releases.since("6.19"),
          "include/linux/kho/abi/luo.h",
          "Packed. Embedded in a session.",
          FILES,
          COUNT);

  private LuoFileSet() {}
}
