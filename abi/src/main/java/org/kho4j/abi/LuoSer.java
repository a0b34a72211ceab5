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
  public static final Field LIVEUPDATE_NUM = number(8);
  public static final Field SESSIONS_PA = sessions(16, () -> LuoBlocks.SESSIONS);
  public static final Field SESSIONS_PA_V4 = sessions(16, () -> LuoBlocks.SESSIONS_V4);
  public static final Field SESSIONS_PA_V3 =
      Field.phys(16, "sessions_pa", () -> LuoArrays.SESSIONS, "header of the sessions");
  public static final Field FLBS_PA = flbs(24);

  /** Since luo-v5: sessions and files in blocks. */
  public static final Structure STRUCTURE =
      structure(Releases.since("7.2"), COMPATIBLE, LIVEUPDATE_NUM, SESSIONS_PA, FLBS_PA);

  /** luo-v4: sessions in blocks, their files in arrays. */
  public static final Structure V4 =
      structure(Releases.since("7.2"), COMPATIBLE, LIVEUPDATE_NUM, SESSIONS_PA_V4, FLBS_PA);

  /** luo-v3: sessions in an array. */
  public static final Structure V3 =
      structure(Releases.NEVER, COMPATIBLE, LIVEUPDATE_NUM, SESSIONS_PA_V3, FLBS_PA);

  /** In place of {@link #COMPATIBLE} in {@link #FEATURED}. */
  public static final Field FEATURES =
      Field.embedded(0, "hdr", LuoFeatures.STRUCTURE, "features in place of a version");

  public static final Field COMPATIBLE_COMPOSITE =
      Field.chars(
          0, 16, "compatible", "a composite version: 16 bytes, and all behind it moves by 8");

  public static final Field LIVEUPDATE_NUM_COMPOSITE = number(16);
  public static final Field SESSIONS_PA_COMPOSITE = sessions(24, () -> LuoBlocks.SESSIONS);
  public static final Field FLBS_PA_COMPOSITE = flbs(32);

  /** The composite version of an RFC of June 2026. */
  public static final Structure COMPOSITE =
      structure(
          Releases.NEVER,
          COMPATIBLE_COMPOSITE,
          LIVEUPDATE_NUM_COMPOSITE,
          SESSIONS_PA_COMPOSITE,
          FLBS_PA_COMPOSITE);

  public static final Field LIVEUPDATE_NUM_FEATURED = number(128);
  public static final Field SESSIONS_PA_FEATURED = sessions(136, () -> LuoBlocks.SESSIONS);
  public static final Field FLBS_PA_FEATURED = flbs(144);

  /** With a feature header, as the memory-management tree has it. */
  public static final Structure FEATURED =
      structure(
          Releases.NEVER,
          FEATURES,
          LIVEUPDATE_NUM_FEATURED,
          SESSIONS_PA_FEATURED,
          FLBS_PA_FEATURED);

  private LuoSer() {}

  private static Field number(int offset) {
    return Field.u64(
        offset, "liveupdate_num", "number of this live update: 1 for the first after a cold boot");
  }

  private static Field flbs(int offset) {
    return Field.phys(offset, "flbs_pa", () -> LuoFlb.HEADER, "page of the FLBs; always set");
  }

  private static Field sessions(int offset, Supplier<Structure> blocks) {
    return Field.phys(
        offset,
        "sessions_pa",
        blocks,
        "first block of sessions; 0 when there is none, and until the reboot system call writes them");
  }

  private static Structure structure(Releases releases, Field... fields) {
    return Structure.fixed(
        "luo_ser",
        releases,
        Lifetime.block(
            0,
            "a skeleton without sessions at boot; complete in the reboot system call",
            "by the next kernel right after it parsed it in early boot"),
        "include/linux/kho/abi/luo.h",
        "Packed, on a separate page. The next kernel panics if the string is not its own, or if"
            + " the blob is shorter than this structure.",
        fields);
  }
}
