package org.kho4j.abi;

/** The arrays in contiguous pages that held sessions up to luo-v3 and files up to luo-v4. */
public final class LuoArrays {

  public static final Field SESSIONS_COUNT =
      Field.u64(0, "count", "sessions that follow; a kernel does not compare it with the memory");

  /** 16 pages of sessions: luo-v1 to luo-v3. */
  public static final Structure SESSIONS =
      Structure.paged(
          "luo_session_header_ser",
          16,
          Field.embedded(8, "sessions", LuoSession.BEFORE_BLOCKS, "count entries"),
          Releases.of("6.19", "7.1"),
          Lifetime.block(
              4, "in the reboot system call; before that, count is 0", "not recorded here"),
          "include/linux/kho/abi/luo.h",
          "One folio of order 4. (A comment in the kernel's source mentions 744 sessions, but 4K"
              + " pages hold 819.)",
          SESSIONS_COUNT);

  /** Two pages of files, without a header: luo-v1 to luo-v4. */
  public static final Structure FILES =
      Structure.paged(
          "luo_file_ser array",
          2,
          Field.embedded(
              0, "files", LuoFile.STRUCTURE, "as many entries as the session's file_set_ser.count"),
          Releases.of("6.19", "7.1"),
          Lifetime.block(1, "in the reboot system call", "not recorded here"),
          "include/linux/kho/abi/luo.h",
          "One folio of order 1, without a header. A kernel does not compare the count with the memory.");

  private LuoArrays() {}
}
