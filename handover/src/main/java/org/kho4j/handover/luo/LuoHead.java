package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.kho4j.abi.Field;
import org.kho4j.abi.LuoAbiHeader;
import org.kho4j.abi.LuoFeatures;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoTree;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.Structure;
import org.kho4j.abi.VersionString;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;

/**
 * The blob of subtree {@code LUO}, read from and written in the form of each {@link LuoVersion}.
 *
 * @param version of LUO's state
 * @param address of the structure that has the version: the blob, or in luo-v2 the structure that
 *     its tree points at
 * @param number of this live update
 * @param sessions address of the list of sessions; 0 for none
 * @param session layout of a session's entry
 * @param flbs address of the page of the FLBs; 0 for none
 * @param features in the place of a version string; empty where there is one
 */
public record LuoHead(
    LuoVersion version,
    long address,
    long number,
    long sessions,
    Structure session,
    long flbs,
    Optional<FeatureHeader> features) {

  static final Where PATH = Where.ROOT.in(LuoSer.SUBTREE);

  private static final KhoserPointer HEADER =
      KhoserPointer.declare(LuoTree.ABI_HEADER, LuoAbiHeader.STRUCTURE);
  private static final KhoserPointer FLBS =
      KhoserPointer.declare(LuoTree.FLB_HEADER, LuoFlb.HEADER);

  /**
   * Reads the blob.
   *
   * @throws org.kho4j.handover.wire.HandoverException if it is of no version that is known, or
   *     broken
   */
  public static LuoHead read(HandoverMemory memory, Subtree subtree) {
    LuoVersion version = version(memory, subtree);
    return read(memory, subtree, version);
  }

  /**
   * Returns the version that the blob names. Only {@link #read} separates the forms of luo-v1.
   *
   * @throws org.kho4j.handover.wire.HandoverException if it is of no known version; {@link
   *     org.kho4j.handover.wire.HandoverException#isNewer} separates a newer contract from damage
   */
  public static LuoVersion version(HandoverMemory memory, Subtree subtree) {
    Where where = subtree.where();
    StructureView ser = subtree.view(memory, LuoSer.STRUCTURE);
    if (Fdt.isMagic(ser.bytes())) {
      FdtNode tree = memory.tree(where, subtree.address(), subtree.size());
      return version(subtree, true, TreeValue.compatible(tree));
    }
    Optional<FeatureHeader> header = features(memory, subtree);
    if (header.isPresent()) {
      header.get().requireKnown(LuoFeatures.LUO, where, subtree.address());
      return LuoVersion.ofFeatures();
    }
    String leading = leading(memory, subtree);
    boolean isVersion = VersionString.of(leading).isPresent();
    return version(
        subtree, false, List.of(isVersion ? leading : ser.text(LuoSer.COMPATIBLE, where)));
  }

  /**
   * Returns the features that replace a version, known or not; empty where the blob has no such
   * header.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the blob is not in memory
   */
  public static Optional<FeatureHeader> features(HandoverMemory memory, Subtree subtree) {
    if (Long.compareUnsigned(subtree.size(), LuoSer.FEATURED.headerSize()) < 0) {
      return Optional.empty();
    }
    return FeatureHeader.find(subtree.view(memory, LuoSer.FEATURED).embedded(LuoSer.FEATURES));
  }

  private static LuoVersion version(Subtree subtree, boolean isTree, List<String> compatible) {
    List<LuoVersion> possible =
        LuoVersion.known()
            .filter(version -> (version.head() != LuoVersion.Head.STRUCTURE) == isTree)
            .filter(version -> !version.isFeatured())
            .toList();
    List<String> released =
        possible.stream()
            .filter(version -> !version.isDevelopment())
            .map(LuoVersion::compatible)
            .distinct()
            .toList();
    return possible.reversed().stream()
        .filter(one -> compatible.contains(one.compatible()))
        .findFirst()
        .orElseThrow(() ->
            compatible.stream()
                .filter(LuoVersion::isNewer)
                .findFirst()
                .map(text -> subtree.where().newer(subtree.address(), text))
                .orElseGet(() ->
                    subtree
                        .where()
                        .broken(
                            subtree.address(),
                            "the compatible string of a %s is %s, none of %s"
                                .formatted(
                                    isTree ? "device tree" : "structure", compatible, released))));
  }

  /** Returns the text that the blob begins with, up to its NUL; empty where there is none. */
  private static String leading(HandoverMemory memory, Subtree subtree) {
    long most = Math.min(subtree.size(), VersionString.MAX_LENGTH + 1);
    MemorySegment bytes = memory.bytes(subtree.where(), subtree.address(), most);
    for (long at = 0; at < most; at++) {
      if (bytes.get(ValueLayout.JAVA_BYTE, at) == 0) {
        return new String(
            bytes.asSlice(0, at).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
      }
    }
    return "";
  }

  private static LuoHead read(HandoverMemory memory, Subtree subtree, LuoVersion version) {
    Where where = subtree.where();
    long blob = subtree.address();
    return switch (version.head()) {
      case FDT -> readTree(memory.tree(where, blob, subtree.size()), where, blob, version);
      case FDT_POINTER -> {
        FdtNode tree = memory.tree(where, blob, subtree.size());
        long address = HEADER.address(tree, where, blob);
        Where place = where.in(LuoTree.ABI_HEADER.name());
        StructureView header = HEADER.load(memory, place, address);
        if (header == null) {
          throw place.broken(blob, "is 0: there is no header");
        }
        memory.requirePage(place, address, "the address");
        yield readState(header, version);
      }
      case STRUCTURE -> readState(subtree.view(memory, state(version)), version);
    };
  }

  private static LuoHead readTree(FdtNode tree, Where where, long address, LuoVersion version) {
    FdtNode sessions =
        tree.child(LuoTree.SESSION_NODE)
            .orElseThrow(
                () -> where.broken(address, "the node " + LuoTree.SESSION_NODE + " is missing"));
    Where sessionsWhere = where.in(LuoTree.SESSION_NODE);
    boolean withFiles = !TreeValue.compatible(sessions).contains(LuoTree.SESSION_V1);
    if (withFiles) {
      TreeValue.requireCompatible(sessions, LuoTree.SESSION_V2, sessionsWhere, address);
    }
    FdtNode flbs = tree.child(LuoTree.FLB_NODE).orElse(null);
    long flbPage = 0;
    if (flbs != null) {
      Where flbsWhere = where.in(LuoTree.FLB_NODE);
      TreeValue.requireCompatible(flbs, LuoTree.FLB_V1, flbsWhere, address);
      flbPage = FLBS.address(flbs, flbsWhere, address);
    }
    return new LuoHead(
        LuoVersion.of(version.compatible(), flbs != null).orElse(version),
        address,
        TreeValue.number(tree, version.number(), where, address),
        sessions(version).address(sessions, sessionsWhere, address),
        withFiles ? version.session() : LuoSession.WITHOUT_FILES,
        flbPage,
        Optional.empty());
  }

  private static LuoHead readState(StructureView state, LuoVersion version) {
    return new LuoHead(
        version,
        state.address(),
        state.get(version.number()),
        sessions(version).address(state),
        version.session(),
        flbs(version).address(state),
        version.isFeatured()
            ? Optional.of(FeatureHeader.read(state.embedded(LuoSer.FEATURES)))
            : Optional.empty());
  }

  /** Writes the blob, and lists it in the root FDT. */
  static void write(
      Generation generation, LuoVersion version, long number, long sessions, long flbs) {
    switch (version.head()) {
      case FDT ->
          writeTree(
              generation,
              version,
              tree -> {
                tree.property(
                        FdtProperty.ofU64(version.number().name(), number, ByteOrder.LITTLE_ENDIAN))
                    .beginNode(LuoTree.SESSION_NODE)
                    .property(FdtProperty.ofString("compatible", LuoTree.SESSION_V2))
                    .property(sessions(version).property(sessions))
                    .endNode();
                if (version.flbs()) {
                  tree.beginNode(LuoTree.FLB_NODE)
                      .property(FdtProperty.ofString("compatible", LuoTree.FLB_V1))
                      .property(flbs(version).property(flbs))
                      .endNode();
                }
              });
      case FDT_POINTER -> {
        Folio page = generation.allocateZeroed(PATH.in(LuoTree.ABI_HEADER.name()).toString(), 0);
        generation.preserve(page);
        StructureView header = generation.view(page, state(version));
        header.set(version.number(), number);
        sessions(version).store(header, sessions);
        flbs(version).store(header, flbs);
        writeTree(generation, version, tree -> tree.property(HEADER.property(page.address())));
      }
      case STRUCTURE -> {
        Structure state = state(version);
        Folio page = generation.addBlob(LuoSer.SUBTREE, state.headerSize());
        StructureView ser = generation.view(page, state);
        if (version.isFeatured()) {
          FeatureHeader.write(ser.embedded(LuoSer.FEATURES), LuoFeatures.LUO);
        } else {
          ser.setText(version.compatibleField(), version.compatible());
        }
        ser.set(version.number(), number);
        sessions(version).store(ser, sessions);
        flbs(version).store(ser, flbs);
      }
    }
  }

  private static Structure state(LuoVersion version) {
    return Objects.requireNonNull(version.state(), version::id);
  }

  private static KhoserPointer sessions(LuoVersion version) {
    return KhoserPointer.declare(version.sessionsPointer(), version.sessionList());
  }

  private static KhoserPointer flbs(LuoVersion version) {
    Field pointer = Objects.requireNonNull(version.flbsPointer(), version::id);
    return KhoserPointer.declare(pointer, LuoFlb.HEADER);
  }

  private interface Nodes {
    void addTo(FdtBuilder tree);
  }

  private static void writeTree(Generation generation, LuoVersion version, Nodes nodes) {
    Folio page = generation.allocateZeroed(PATH.toString(), 0);
    generation.preserve(page);
    FdtBuilder tree =
        FdtBuilder.create(generation.segment(page))
            .beginNode("")
            .property(FdtProperty.ofString("compatible", version.compatible()));
    nodes.addTo(tree);
    generation.addSubtree(LuoSer.SUBTREE, page.address(), Fdt.totalSize(tree.endNode().finish()));
  }
}
