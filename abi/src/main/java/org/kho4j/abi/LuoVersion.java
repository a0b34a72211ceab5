package org.kho4j.abi;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A version of the Live Update Orchestrator's state. What differs between versions is a column
 * here, or follows from the structures that the columns name, so that an engine asks the row and
 * never for the number.
 *
 * @param id the name here, as {@link ContractVersion#id} has it: luo-v1 is two versions under one
 *     string
 * @param compatible the string that the blob carries
 * @param releases the kernel releases that write it
 * @param tree the blob of subtree {@code LUO} where it is a device tree, else null
 * @param state the structure with the two pointers; null where they are in the tree
 * @param number the field or property with the number of the live update
 * @param sessionsPointer the field or property that points at the sessions
 * @param flbsPointer the field or property that points at the FLBs; null where there are none
 * @param meaning changes in this version
 */
public record LuoVersion(
    String id,
    String compatible,
    Releases releases,
    @Nullable FdtLayout tree,
    @Nullable Structure state,
    Field number,
    Field sessionsPointer,
    @Nullable Field flbsPointer,
    String meaning) {

  /** The form of the blob of subtree {@code LUO}. */
  public enum Head {
    /** A device tree with the addresses in it. */
    FDT,
    /** A device tree that points at a {@link LuoAbiHeader}. */
    FDT_POINTER,
    /** A {@link LuoSer}. */
    STRUCTURE
  }

  public static final LuoVersion V1_WITHOUT_FLBS =
      new LuoVersion(
          "luo-v1@6.19",
          "luo-v1",
          Releases.of("6.19", "6.19"),
          FdtLayout.LUO_V1_WITHOUT_FLB,
          null,
          LuoTree.LIVEUPDATE_NUMBER,
          LuoTree.SESSION_HEADER,
          null,
          "No FLBs: the kernel neither writes nor reads them.");

  public static final LuoVersion V1 =
      new LuoVersion(
          "luo-v1@7.0",
          "luo-v1",
          Releases.of("7.0", "7.1"),
          FdtLayout.LUO_V1,
          null,
          LuoTree.LIVEUPDATE_NUMBER,
          LuoTree.SESSION_HEADER,
          LuoTree.FLB_HEADER,
          "FLBs; the kernel panics if the node luo-flb is missing.");

  public static final LuoVersion V2 =
      new LuoVersion(
          "luo-v2",
          "luo-v2",
          Releases.NEVER,
          FdtLayout.LUO_V2,
          LuoAbiHeader.STRUCTURE,
          LuoAbiHeader.LIVEUPDATE_NUM,
          LuoAbiHeader.SESSIONS_PA,
          LuoAbiHeader.FLBS_PA,
          "The tree has only a pointer.");

  public static final LuoVersion V3 =
      new LuoVersion(
          "luo-v3",
          "luo-v3",
          Releases.NEVER,
          null,
          LuoSer.V3,
          LuoSer.LIVEUPDATE_NUM,
          LuoSer.SESSIONS_PA_V3,
          LuoSer.FLBS_PA,
          "A structure replaces the tree.");

  public static final LuoVersion V4 =
      new LuoVersion(
          "luo-v4",
          "luo-v4",
          Releases.NEVER,
          null,
          LuoSer.V4,
          LuoSer.LIVEUPDATE_NUM,
          LuoSer.SESSIONS_PA_V4,
          LuoSer.FLBS_PA,
          "Sessions in blocks.");

  public static final LuoVersion V5 =
      new LuoVersion(
          "luo-v5",
          "luo-v5",
          Releases.since("7.2"),
          null,
          LuoSer.STRUCTURE,
          LuoSer.LIVEUPDATE_NUM,
          LuoSer.SESSIONS_PA,
          LuoSer.FLBS_PA,
          "Files are in blocks as well: the only limit on sessions and files is 10,000 blocks in"
              + " a list.");

  /** Every version, oldest first. */
  public static final List<LuoVersion> ALL = List.of(V1_WITHOUT_FLBS, V1, V2, V3, V4, V5);

  public static final LuoVersion COMPOSITE =
      new LuoVersion(
          "luo-v5;block-v1",
          "luo-v5;block-v1",
          Releases.NEVER,
          null,
          LuoSer.COMPOSITE,
          LuoSer.LIVEUPDATE_NUM_COMPOSITE,
          LuoSer.SESSIONS_PA_COMPOSITE,
          LuoSer.FLBS_PA_COMPOSITE,
          "An RFC of June 2026: the string also names the block's version.");

  public static final LuoVersion FEATURED =
      new LuoVersion(
          "luo-features",
          "luo-features",
          Releases.NEVER,
          null,
          LuoSer.FEATURED,
          LuoSer.LIVEUPDATE_NUM_FEATURED,
          LuoSer.SESSIONS_PA_FEATURED,
          LuoSer.FLBS_PA_FEATURED,
          "The memory-management tree: a feature header replaces the string.");

  /** Versions that no release has yet, seen in public development trees. They may still change. */
  public static final List<LuoVersion> DEVELOPMENT = List.of(COMPOSITE, FEATURED);

  /** Returns the version with that string; of several, the last, which has FLBs. */
  public static Optional<LuoVersion> of(String compatible) {
    return ALL.reversed().stream()
        .filter(version -> version.compatible.equals(compatible))
        .findFirst();
  }

  /** Returns the version with that string that has, or lacks, FLBs. */
  public static Optional<LuoVersion> of(String compatible, boolean flbs) {
    return ALL.stream()
        .filter(version -> version.compatible.equals(compatible) && version.flbs() == flbs)
        .findFirst();
  }

  /** Returns the version of a feature header, which replaces a string. */
  public static LuoVersion ofFeatures() {
    return FEATURED;
  }

  public Head head() {
    return tree == null ? Head.STRUCTURE : state == null ? Head.FDT : Head.FDT_POINTER;
  }

  /**
   * Returns whether a string is well-formed, and of a version newer than all that are known here.
   */
  public static boolean isNewer(String compatible) {
    return VersionString.isNewer(compatible, known().map(LuoVersion::compatible));
  }

  /** Returns the versions of releases, and those in development. */
  public static Stream<LuoVersion> known() {
    return Stream.concat(ALL.stream(), DEVELOPMENT.stream());
  }

  /** Returns whether the version is in development: no release has it yet. */
  public boolean isDevelopment() {
    return DEVELOPMENT.stream().anyMatch(version -> version.id.equals(id));
  }

  /** Returns whether a feature header replaces the version string. */
  public boolean isFeatured() {
    return state != null && state.has(LuoSer.FEATURES);
  }

  /** Returns the field with the string, in a structure that has one. */
  public Field compatibleField() {
    return state != null && state.has(LuoSer.COMPATIBLE_COMPOSITE)
        ? LuoSer.COMPATIBLE_COMPOSITE
        : LuoSer.COMPATIBLE;
  }

  /** Returns whether the version has FLBs. */
  public boolean flbs() {
    return flbsPointer != null;
  }

  /**
   * Returns the structure that lists the sessions: contiguous pages of {@link LuoArrays}, or a
   * block of {@link LuoBlocks}, which has {@link KhoBlock#COUNT}.
   */
  public Structure sessionList() {
    return structureOf(sessionsPointer);
  }

  /** Returns an entry of {@link #sessionList}. */
  public Structure session() {
    return structureOf(sessionList().elements());
  }

  /** Returns the session's field with its files. */
  public Field fileSet() {
    return session().has(LuoSession.FILE_SET)
        ? LuoSession.FILE_SET
        : LuoSession.FILE_SET_BEFORE_BLOCKS;
  }

  /** Returns the field of a file set that points at the files. */
  public Field filesPointer() {
    return structureOf(fileSet()).has(LuoFileSet.FILES) ? LuoFileSet.FILES : LuoFileSet.FILES_ARRAY;
  }

  /** Returns the structure that lists a session's files, as {@link #sessionList} lists sessions. */
  public Structure fileList() {
    return structureOf(filesPointer());
  }

  private static Structure structureOf(@Nullable Field field) {
    return Objects.requireNonNull(Objects.requireNonNull(field).target());
  }

  @Override
  public String toString() {
    return id;
  }
}
