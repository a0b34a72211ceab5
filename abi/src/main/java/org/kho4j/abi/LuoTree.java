package org.kho4j.abi;

/** Names in the device trees of luo-v1 and luo-v2, whose layouts {@link FdtLayout} has. */
public final class LuoTree {

  /** Property of luo-v1's root. */
  public static final Field LIVEUPDATE_NUMBER =
      Field.u64(
          0, "liveupdate-number", "number of this live update: 1 for the first after a cold boot");

  /** Node of luo-v1 with the sessions. */
  public static final String SESSION_NODE = "luo-session";

  /** {@code compatible} of that node: entries of 80 bytes, in every release. */
  public static final String SESSION_V2 = "luo-session-v2";

  /** The session version of patches before 6.19: {@link LuoSession#WITHOUT_FILES}. */
  public static final String SESSION_V1 = "luo-session-v1";

  /** Property of {@link #SESSION_NODE}. */
  public static final Field SESSION_HEADER =
      Field.phys(0, "luo-session-header", () -> LuoArrays.SESSIONS, "header of the sessions");

  /** Node of luo-v1 with the FLBs. 6.19 has none. */
  public static final String FLB_NODE = "luo-flb";

  /** {@code compatible} of that node. */
  public static final String FLB_V1 = "luo-flb-v1";

  /** Property of {@link #FLB_NODE}. */
  public static final Field FLB_HEADER =
      Field.phys(0, "luo-flb-header", () -> LuoFlb.HEADER, "page of the FLBs");

  /** Property of luo-v2's root. */
  public static final Field ABI_HEADER =
      Field.phys(0, "luo-abi-header", () -> LuoAbiHeader.STRUCTURE, "the rest of the state");

  private LuoTree() {}
}
