package org.kho4j.abi;

/** A preserved file of a session. Unchanged since 6.19. */
public final class LuoFile {

  public static final Field COMPATIBLE =
      Field.chars(
          0,
          48,
          "compatible",
          "the file handler, as in memfd-v2; compared as a whole string, and a kernel does not check that a NUL is there");
  public static final Field DATA =
      Field.u64(48, "data", "the handler's: for memfd the physical address of its memfd_luo_ser");
  public static final Field TOKEN =
      Field.u64(56, "token", "chosen by the user; unique within the session");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "luo_file_ser",
          Releases.since("6.19"),
          Lifetime.partOf("its list"),
          "include/linux/kho/abi/luo.h",
          "Packed. Entry of a session's file list.",
          COMPATIBLE,
          DATA,
          TOKEN);

  private LuoFile() {}
}
