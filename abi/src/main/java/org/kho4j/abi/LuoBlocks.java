package org.kho4j.abi;

import java.util.function.Supplier;

/**
 * The {@link KhoBlock}s of the Live Update Orchestrator with the entries that they hold: sessions
 * since luo-v4, files since luo-v5.
 */
public final class LuoBlocks {

  public static final Field SESSIONS_NEXT = next(() -> LuoBlocks.SESSIONS);
  public static final Field SESSIONS_V4_NEXT = next(() -> LuoBlocks.SESSIONS_V4);
  public static final Field FILES_NEXT = next(() -> LuoBlocks.FILES);

  /** A block of sessions since luo-v5. */
  public static final Structure SESSIONS = sessions(SESSIONS_NEXT, LuoSession.STRUCTURE);

  /** A block of sessions in luo-v4: their files are in arrays. */
  public static final Structure SESSIONS_V4 = sessions(SESSIONS_V4_NEXT, LuoSession.BEFORE_BLOCKS);

  /** A block of files. */
  public static final Structure FILES =
      block(
          FILES_NEXT,
          Field.embedded(16, "files", LuoFile.STRUCTURE, "count entries"),
          "by the next kernel when the session is finished",
          "A kho_block_header_ser whose entries are the files of one session.");

  private LuoBlocks() {}

  private static Field next(Supplier<Structure> block) {
    return Field.phys(KhoBlock.NEXT.offset(), "next", block, KhoBlock.NEXT.meaning());
  }

  private static Structure sessions(Field next, Structure session) {
    return block(
        next,
        Field.embedded(16, "sessions", session, "count entries"),
        "by the next kernel when /dev/liveupdate is first opened",
        "A kho_block_header_ser whose entries are sessions.");
  }

  private static Structure block(Field next, Field entries, String freed, String meaning) {
    return Structure.paged(
        KhoBlock.STRUCTURE.name() + " of " + entries.targetName(),
        1,
        entries,
        Releases.since("7.2"),
        Lifetime.block(0, "in the reboot system call", freed),
        "include/linux/kho/abi/luo.h, include/linux/kho/abi/block.h",
        meaning,
        next,
        KhoBlock.COUNT);
  }
}
