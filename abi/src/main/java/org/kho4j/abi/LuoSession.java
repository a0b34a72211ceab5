package org.kho4j.abi;

/** A session. Unchanged in size since 6.19. */
public final class LuoSession {

  public static final Field NAME =
      Field.chars(0, 64, "name", "1 to 63 bytes, NUL-terminated; unique among the sessions");
  public static final Field FILE_SET =
      Field.embedded(64, "file_set_ser", LuoFileSet.STRUCTURE, "the session's files");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "luo_session_ser",
          80,
          Releases.since("6.19"),
          "include/linux/kho/abi/luo.h",
          "Packed. Entry of the session list.",
          NAME,
          FILE_SET);

  private LuoSession() {}
}
