package org.kho4j.abi;

import java.util.List;
import java.util.Optional;

/**
 * A version of the Live Update Orchestrator's state. What differs between versions is a column
 * here, so that an engine asks the row and never for the number.
 *
 * @param id the name here, as {@link ContractVersion#id} has it: luo-v1 is two versions under one
 *     string
 * @param compatible the string that the blob carries
 * @param releases the kernel releases that write it
 * @param head what the blob of subtree {@code LUO} is
 * @param sessions how the sessions are listed
 * @param files how a session's files are listed
 * @param flbs whether there are FLBs
 * @param meaning what changed with it
 */
public record LuoVersion(
    String id,
    String compatible,
    Releases releases,
    Head head,
    Listing sessions,
    Listing files,
    boolean flbs,
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
    /** In a chain of {@link KhoBlock}s, see {@link LuoBlocks}. */
    BLOCKS
  }

  public static final LuoVersion V1_WITHOUT_FLBS =
      new LuoVersion(
          "luo-v1@6.19",
          "luo-v1",
          Releases.of("6.19", "6.19"),
          Head.FDT,
          Listing.ARRAY,
          Listing.ARRAY,
          false,
          "No FLBs: neither written nor asked for.");
  public static final LuoVersion V1 =
      new LuoVersion(
          "luo-v1@7.0",
          "luo-v1",
          Releases.of("7.0", "7.1"),
          Head.FDT,
          Listing.ARRAY,
          Listing.ARRAY,
          true,
          "FLBs; a handover without the node luo-flb is a panic.");
  public static final LuoVersion V2 =
      new LuoVersion(
          "luo-v2",
          "luo-v2",
          Releases.NEVER,
          Head.FDT_POINTER,
          Listing.ARRAY,
          Listing.ARRAY,
          true,
          "The tree shrinks to one pointer.");
  public static final LuoVersion V3 =
      new LuoVersion(
          "luo-v3",
          "luo-v3",
          Releases.NEVER,
          Head.STRUCTURE,
          Listing.ARRAY,
          Listing.ARRAY,
          true,
          "A structure takes the tree's place.");
  public static final LuoVersion V4 =
      new LuoVersion(
          "luo-v4",
          "luo-v4",
          Releases.NEVER,
          Head.STRUCTURE,
          Listing.BLOCKS,
          Listing.ARRAY,
          true,
          "Sessions in blocks.");
  public static final LuoVersion V5 =
      new LuoVersion(
          "luo-v5",
          "luo-v5",
          Releases.since("7.2"),
          Head.STRUCTURE,
          Listing.BLOCKS,
          Listing.BLOCKS,
          true,
          "Files in blocks too: no limit on sessions and files but 10,000 blocks a list.");

  /** Every version, oldest first. */
  public static final List<LuoVersion> ALL = List.of(V1_WITHOUT_FLBS, V1, V2, V3, V4, V5);

  /** The version with that string; of several, the last one: the one that has FLBs. */
  public static Optional<LuoVersion> of(String compatible) {
    return ALL.reversed().stream()
        .filter(version -> version.compatible.equals(compatible))
        .findFirst();
  }

  /** The version with that string that has FLBs, or has none. */
  public static Optional<LuoVersion> of(String compatible, boolean flbs) {
    return ALL.stream()
        .filter(version -> version.compatible.equals(compatible) && version.flbs == flbs)
        .findFirst();
  }

  /** What the sessions stand in. */
  public Structure sessionList() {
    return switch (sessions) {
      case ARRAY -> LuoArrays.SESSIONS;
      case BLOCKS -> files == Listing.BLOCKS ? LuoBlocks.SESSIONS : LuoBlocks.SESSIONS_V4;
    };
  }

  /** What a session's files stand in. */
  public Structure fileList() {
    return switch (files) {
      case ARRAY -> LuoArrays.FILES;
      case BLOCKS -> LuoBlocks.FILES;
    };
  }

  @Override
  public String toString() {
    return id;
  }
}
