package org.kho4j.abi;

/**
 * The {@link KhoBlock}s of the Live Update Orchestrator with the entries that they hold: sessions
 * since luo-v4, files since luo-v5.
 */
public final class LuoBlocks {

  static final String SESSIONS_NAME = "kho_block_header_ser of luo_session_ser";
  static final String FILES_NAME = "kho_block_header_ser of luo_file_ser";

  /** A block of sessions. */
  public static final Structure SESSIONS =
      block(
          SESSIONS_NAME,
          Structure.Elements.of("sessions", 80, "luo_session_ser", "count entries"),
          "by the next kernel when /dev/liveupdate is first opened",
          "A kho_block_header_ser whose entries are sessions.");

  /** A block of files. */
  public static final Structure FILES =
      block(
          FILES_NAME,
          Structure.Elements.of("files", 64, "luo_file_ser", "count entries"),
          "by the next kernel when the session is finished",
          "A kho_block_header_ser whose entries are the files of one session.");

  private LuoBlocks() {}

  private static Structure block(
      String name, Structure.Elements entries, String freed, String meaning) {
    return Structure.paged(
        name,
        1,
        entries,
        Releases.since("7.2"),
        Lifetime.block(0, "in the reboot system call", freed),
        "include/linux/kho/abi/luo.h, include/linux/kho/abi/block.h",
        meaning,
        Field.phys(KhoBlock.NEXT.offset(), "next", name, KhoBlock.NEXT.meaning()),
        KhoBlock.COUNT);
  }
}
