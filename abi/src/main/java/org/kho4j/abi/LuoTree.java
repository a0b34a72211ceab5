package org.kho4j.abi;

/** Names in the device trees of luo-v1 and luo-v2, whose layouts {@link FdtLayout} has. */
public final class LuoTree {

  /** Property of luo-v1's root. */
  public static final String LIVEUPDATE_NUMBER = "liveupdate-number";

  public static final Field LIVEUPDATE_NUMBER_FIELD =
      Field.u64(
          0, LIVEUPDATE_NUMBER, "number of this live update: 1 for the first after a cold boot");

  /** Node of luo-v1 that leads to the sessions. */
  public static final String SESSION_NODE = "luo-session";

  /** {@code compatible} of that node: entries of 80 bytes, in every release. */
  public static final String SESSION_V2 = "luo-session-v2";

  /** The same in patches before 6.19: {@link LuoSession#WITHOUT_FILES}. */
  public static final String SESSION_V1 = "luo-session-v1";

  public static final String SESSION_HEADER = "luo-session-header";
  public static final Field SESSION_HEADER_FIELD =
      Field.phys(0, SESSION_HEADER, () -> LuoArrays.SESSIONS, "header of the sessions");

  /** Node of luo-v1 that leads to the FLBs. 6.19 has none. */
  public static final String FLB_NODE = "luo-flb";

  public static final String FLB_V1 = "luo-flb-v1";
  public static final String FLB_HEADER = "luo-flb-header";
  public static final Field FLB_HEADER_FIELD =
      Field.phys(0, FLB_HEADER, () -> LuoFlb.HEADER, "page of the FLBs");

  /** Property of luo-v2's root. */
  public static final String ABI_HEADER = "luo-abi-header";

  public static final Field ABI_HEADER_FIELD =
      Field.phys(0, ABI_HEADER, () -> LuoAbiHeader.STRUCTURE, "the rest of the state");

  private LuoTree() {}
}
