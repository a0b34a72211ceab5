package org.kho4j.abi;

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
          "luo-v3, luo-v4 or luo-v5; the field is as long as the string with its NUL, rounded up to 8, so a longer"
              + " string would move what follows");
  public static final Field LIVEUPDATE_NUM =
      Field.u64(
          8, "liveupdate_num", "number of this live update: 1 for the first after a cold boot");
  public static final Field SESSIONS_PA =
      Field.phys(
          16,
          "sessions_pa",
          "luo_session_ser",
          "sessions: 0 when there is none, and until the reboot system call writes them");
  public static final Field FLBS_PA =
      Field.phys(24, "flbs_pa", "luo_flb_header_ser", "page of the FLBs; always set");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "luo_ser",
          32,
          Releases.since("7.2"),
          "include/linux/kho/abi/luo.h",
          "Packed, in a page of its own (order 0) that the next kernel frees right after it parsed it. A string that is not"
              + " the next kernel's own, or a blob shorter than 32 bytes, is a panic there.",
          COMPATIBLE,
          LIVEUPDATE_NUM,
          SESSIONS_PA,
          FLBS_PA);

  private LuoSer() {}
}
