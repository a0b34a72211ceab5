package org.kho4j.abi;

import java.util.function.Supplier;

/**
 * The blob of subtree {@code LUO} from luo-v3 on: the head of the Live Update Orchestrator's state.
 */
public final class LuoSer {

  public static final String SUBTREE = "LUO";

  public static final Field COMPATIBLE =
      Field.chars(
          0,
          8,
          "compatible",
          "the version's string; the field is as long as the string with its NUL, rounded up to 8, so a longer"
              + " string would move what follows");
  public static final Field LIVEUPDATE_NUM =
      Field.u64(
          8, "liveupdate_num", "number of this live update: 1 for the first after a cold boot");
  public static final Field SESSIONS_PA = sessions(() -> LuoBlocks.SESSIONS);
  public static final Field SESSIONS_PA_V4 = sessions(() -> LuoBlocks.SESSIONS_V4);
  public static final Field SESSIONS_PA_V3 =
      Field.phys(16, "sessions_pa", () -> LuoArrays.SESSIONS, "header of the sessions");
  public static final Field FLBS_PA =
      Field.phys(24, "flbs_pa", () -> LuoFlb.HEADER, "page of the FLBs; always set");

  /** Since luo-v5: sessions and files in blocks. */
  public static final Structure STRUCTURE = structure(Releases.since("7.2"), SESSIONS_PA);

  /** luo-v4: sessions in blocks, their files in arrays. */
  public static final Structure V4 = structure(Releases.since("7.2"), SESSIONS_PA_V4);

  /** luo-v3: sessions in an array. */
  public static final Structure V3 = structure(Releases.NEVER, SESSIONS_PA_V3);

  private LuoSer() {}

  private static Field sessions(Supplier<Structure> blocks) {
    return Field.phys(
        16,
        "sessions_pa",
        blocks,
        "first block of sessions; 0 when there is none, and until the reboot system call writes them");
  }

  private static Structure structure(Releases releases, Field sessions) {
    return Structure.fixed(
        "luo_ser",
        32,
        releases,
        Lifetime.block(
            0,
            "a skeleton without sessions at boot; complete in the reboot system call",
            "by the next kernel right after it parsed it in early boot"),
        "include/linux/kho/abi/luo.h",
        "Packed, in a page of its own. A string that is not the next kernel's own, or a blob shorter than this, is a"
            + " panic there.",
        COMPATIBLE,
        LIVEUPDATE_NUM,
        sessions,
        FLBS_PA);
  }
}
