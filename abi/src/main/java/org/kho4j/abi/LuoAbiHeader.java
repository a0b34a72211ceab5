package org.kho4j.abi;

/** The structure that luo-v2's device tree points to. In no release. */
public final class LuoAbiHeader {

  public static final Field LIVEUPDATE_NUM =
      Field.u64(0, "liveupdate_num", "number of this live update");
  public static final Field SESSIONS_PA =
      Field.phys(8, "sessions_pa", () -> LuoArrays.SESSIONS, "header of the sessions");
  public static final Field FLBS_PA =
      Field.phys(16, "flbs_pa", () -> LuoFlb.HEADER, "page of the FLBs");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "luo_abi_header",
          Releases.NEVER,
          Lifetime.block(0, "in the reboot system call", "not recorded here"),
          "include/linux/kho/abi/luo.h between v7.1 and v7.2-rc1",
          "Packed. luo_ser replaced it, with the compatible string in front.",
          LIVEUPDATE_NUM,
          SESSIONS_PA,
          FLBS_PA);

  private LuoAbiHeader() {}
}
