package org.kho4j.abi;

/**
 * The address and number of a session's files, embedded in a session. Unchanged in size since 6.19;
 * what {@code files} points at differs by {@link LuoVersion#fileList}.
 */
public final class LuoFileSet {

  static final String NAME = "luo_file_set_ser";

  public static final Field FILES =
      Field.phys(
          0, "files", () -> LuoBlocks.FILES, "first block of files; 0 when the session has none");

  /** {@code files} up to luo-v4. */
  public static final Field FILES_ARRAY =
      Field.phys(0, "files", () -> LuoArrays.FILES, "array of files; 0 when the session has none");

  public static final Field COUNT =
      Field.u64(
          8, "count", "files in all: with blocks the sum of their counts, which a kernel compares");

  /** Since luo-v5: files in blocks. */
  public static final Structure STRUCTURE = structure(Releases.since("7.2"), FILES);

  /** Up to luo-v4: files in an array. */
  public static final Structure BEFORE_BLOCKS = structure(Releases.of("6.19", "7.1"), FILES_ARRAY);

  private LuoFileSet() {}

  private static Structure structure(Releases releases, Field files) {
    return Structure.fixed(
        NAME,
        releases,
        Lifetime.partOf("luo_session_ser"),
        "include/linux/kho/abi/luo.h",
        "Packed. Embedded in a session. If files is 0 but the count is not, the kernel warns and"
            + " treats the session as empty.",
        files,
        COUNT);
  }
}
