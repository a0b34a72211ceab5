package org.kho4j.abi;

import java.util.List;
import java.util.Optional;

/**
 * A version of the Live Update Orchestrator's state.
 *
 * @param compatible the string that the blob carries
 * @param releases the kernel releases that write it
 * @param head what the blob of subtree {@code LUO} is
 * @param sessions how the sessions are listed
 * @param files how a session's files are listed
 * @param meaning what changed with it
 */
public record LuoVersion(
    String compatible,
    Releases releases,
    Head head,
    Listing sessions,
    Listing files,
    String meaning) {

  /** What the blob of subtree {@code LUO} is. */
  public enum Head {
    /** A device tree with the addresses in it. */
    FDT,
    /** A device tree that points at a {@link LuoAbiHeader}. */
    FDT_POINTER,
    /** A {@link LuoSer}. */
    STRUCTURE
  }

  /** How entries are listed. */
  public enum Listing {
    /** In contiguous pages, see {@link LuoArrays}. */
    ARRAY,
    /** In a chain of {@link KhoBlock}s. */
    BLOCKS
  }

  public static final LuoVersion V1 =
      new LuoVersion(
          "luo-v1",
          Releases.of("6.19", "7.1"),
          Head.FDT,
          Listing.ARRAY,
          Listing.ARRAY,
          "6.19 has no FLBs; 7.0 and 7.1 write the node luo-flb under the same string, and refuse a handover without it.");
  public static final LuoVersion V2 =
      new LuoVersion(
          "luo-v2",
          Releases.NEVER,
          Head.FDT_POINTER,
          Listing.ARRAY,
          Listing.ARRAY,
          "The tree shrinks to one pointer.");
  public static final LuoVersion V3 =
      new LuoVersion(
          "luo-v3",
          Releases.NEVER,
          Head.STRUCTURE,
          Listing.ARRAY,
          Listing.ARRAY,
          "A structure takes the tree's place.");
  public static final LuoVersion V4 =
      new LuoVersion(
          "luo-v4",
          Releases.NEVER,
          Head.STRUCTURE,
          Listing.BLOCKS,
          Listing.ARRAY,
          "Sessions in blocks.");
  public static final LuoVersion V5 =
      new LuoVersion(
          "luo-v5",
          Releases.since("7.2"),
          Head.STRUCTURE,
          Listing.BLOCKS,
          Listing.BLOCKS,
          "Files in blocks too: no limit on sessions and files but 10,000 blocks a list.");

  /** Every version, oldest first. */
  public static final List<LuoVersion> ALL = List.of(V1, V2, V3, V4, V5);

  public static Optional<LuoVersion> of(String compatible) {
    return ALL.stream().filter(version -> version.compatible.equals(compatible)).findFirst();
  }

  @Override
  public String toString() {
    return compatible;
  }
}
