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
          new Structure.Elements("sessions", 80, "luo_session_ser", "count entries"),
          Releases.of("6.19", "7.1"),
          "include/linux/kho/abi/luo.h",
          "One folio of order 4. (A comment in the kernel's source speaks of 744 sessions; 4K pages hold 819.)",
          SESSIONS_COUNT);

  /** Two pages of files, without a header: luo-v1 to luo-v4. */
  public static final Structure FILES =
      Structure.paged(
          "luo_file_ser array",
          2,
          new Structure.Elements(
              "files", 64, "luo_file_ser", "as many entries as the session's file_set_ser.count"),
          Releases.of("6.19", "7.1"),
          "include/linux/kho/abi/luo.h",
          "One folio of order 1. A kernel does not compare the count with the memory.");

  private LuoArrays() {}
}
