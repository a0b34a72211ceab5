package org.kho4j.abi;

/**
 * A session of the Live Update Orchestrator: a named set of preserved files. Unchanged in size
 * since 6.19; its file set differs by {@link LuoVersion#fileSet}.
 */
public final class LuoSession {

  public static final Field NAME =
      Field.chars(0, 64, "name", "1 to 63 bytes, NUL-terminated; unique among the sessions");
  public static final Field FILE_SET =
      Field.embedded(64, "file_set_ser", LuoFileSet.STRUCTURE, "the session's files");

  /** {@code file_set_ser} up to luo-v4. */
  public static final Field FILE_SET_BEFORE_BLOCKS =
      Field.embedded(64, "file_set_ser", LuoFileSet.BEFORE_BLOCKS, "the session's files");

  /** Since luo-v5: files in blocks. */
  public static final Structure STRUCTURE = structure(Releases.since("7.2"), FILE_SET);

  /** Up to luo-v4: files in an array. */
  public static final Structure BEFORE_BLOCKS =
      structure(Releases.of("6.19", "7.1"), FILE_SET_BEFORE_BLOCKS);

  /**
   * An entry beside {@link LuoTree#SESSION_V1}: a name and no file set. Only patches wrote it,
   * never a release.
   */
  public static final Structure WITHOUT_FILES =
      Structure.fixed(
          STRUCTURE.name(),
          Releases.NEVER,
          STRUCTURE.lifetime(),
          STRUCTURE.source(),
          "Packed. Entry of the session list, in patches before 6.19.",
          NAME);

  private LuoSession() {}

  private static Structure structure(Releases releases, Field fileSet) {
    return Structure.fixed(
        "luo_session_ser",
        releases,
        Lifetime.partOf("its list"),
        "include/linux/kho/abi/luo.h",
        "Packed. Entry of the session list.",
        NAME,
        fileSet);
  }
}
