package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.kho4j.abi.LuoAbiHeader;
import org.kho4j.abi.LuoArrays;
import org.kho4j.abi.LuoBlocks;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoTree;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Subtree;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;

/** The ways in which the blob of subtree {@code LUO} is written: {@link LuoVersion.Head}. */
enum HeadForm {
  /** A device tree with the addresses in it. */
  FDT {
    private static final KhoserPointer<StructureView> SESSIONS =
        KhoserPointer.declare(LuoTree.SESSION_HEADER, LuoArrays.SESSIONS);
    private static final KhoserPointer<StructureView> FLBS =
        KhoserPointer.declare(LuoTree.FLB_HEADER, LuoFlb.HEADER);

    @Override
    LuoHead read(HandoverMemory memory, Subtree subtree, LuoVersion version) {
      Where where = subtree.where();
      long address = subtree.address();
      FdtNode tree = memory.tree(where, address, subtree.size());
      FdtNode sessions =
          tree.child(LuoTree.SESSION_NODE)
              .orElseThrow(
                  () -> where.broken(address, "the node " + LuoTree.SESSION_NODE + " is missing"));
      Where sessionsWhere = where.in(LuoTree.SESSION_NODE);
      Optional<FdtNode> flbs = tree.child(LuoTree.FLB_NODE);
      return new LuoHead(
          LuoVersion.of(version.compatible(), flbs.isPresent()).orElse(version),
          address,
          TreeValue.number(tree, LuoTree.LIVEUPDATE_NUMBER, where, address),
          SESSIONS.address(sessions, sessionsWhere, address),
          session(sessions, sessionsWhere, address),
          flbs.map(node -> flbs(node, where.in(LuoTree.FLB_NODE), address)).orElse(0L));
    }

    private Structure session(FdtNode node, Where where, long address) {
      if (TreeValue.compatible(node).contains(LuoTree.SESSION_V1)) {
        return LuoSession.WITHOUT_FILES;
      }
      Handover.requireCompatible(node, LuoTree.SESSION_V2, where, address);
      return LuoSession.BEFORE_BLOCKS;
    }

    private long flbs(FdtNode node, Where where, long address) {
      Handover.requireCompatible(node, LuoTree.FLB_V1, where, address);
      return FLBS.address(node, where, address);
    }

    @Override
    void write(Generation generation, LuoVersion version, long number, long sessions, long flbs) {
      writeTree(
          generation,
          version,
          tree -> {
            tree.property(
                    FdtProperty.ofU64(
                        LuoTree.LIVEUPDATE_NUMBER.name(), number, ByteOrder.LITTLE_ENDIAN))
                .beginNode(LuoTree.SESSION_NODE)
                .property(FdtProperty.ofString("compatible", LuoTree.SESSION_V2))
                .property(SESSIONS.property(sessions))
                .endNode();
            if (version.flbs()) {
              tree.beginNode(LuoTree.FLB_NODE)
                  .property(FdtProperty.ofString("compatible", LuoTree.FLB_V1))
                  .property(FLBS.property(flbs))
                  .endNode();
            }
          });
    }
  },
  /** A device tree that points at a {@link LuoAbiHeader}. */
  FDT_POINTER {
    private static final KhoserPointer<StructureView> HEADER =
        KhoserPointer.declare(LuoTree.ABI_HEADER, LuoAbiHeader.STRUCTURE);
    private static final KhoserPointer<StructureView> SESSIONS =
        KhoserPointer.declare(LuoAbiHeader.SESSIONS_PA, LuoArrays.SESSIONS);
    private static final KhoserPointer<StructureView> FLBS =
        KhoserPointer.declare(LuoAbiHeader.FLBS_PA, LuoFlb.HEADER);

    @Override
    LuoHead read(HandoverMemory memory, Subtree subtree, LuoVersion version) {
      Where where = subtree.where();
      FdtNode tree = memory.tree(where, subtree.address(), subtree.size());
      Where place = where.in(LuoTree.ABI_HEADER.name());
      StructureView header =
          HEADER.load(memory, place, HEADER.address(tree, where, subtree.address()));
      if (header == null) {
        throw place.broken(subtree.address(), "is 0: there is no header");
      }
      memory.requirePage(place, header.address(), "the address");
      return new LuoHead(
          version,
          header.address(),
          header.get(LuoAbiHeader.LIVEUPDATE_NUM),
          SESSIONS.address(header),
          LuoSession.BEFORE_BLOCKS,
          FLBS.address(header));
    }

    @Override
    void write(Generation generation, LuoVersion version, long number, long sessions, long flbs) {
      Folio folio = generation.allocateZeroed(PATH.in(LuoTree.ABI_HEADER.name()).toString(), 0);
      generation.preserve(folio);
      StructureView header = generation.view(folio, LuoAbiHeader.STRUCTURE);
      header.set(LuoAbiHeader.LIVEUPDATE_NUM, number);
      SESSIONS.store(header, sessions);
      FLBS.store(header, flbs);
      writeTree(generation, version, tree -> tree.property(HEADER.property(folio.address())));
    }
  },
  /** A {@link LuoSer}. */
  STRUCTURE {
    @Override
    LuoHead read(HandoverMemory memory, Subtree subtree, LuoVersion version) {
      Ser form = Ser.of(version);
      StructureView ser = memory.view(subtree.where(), subtree.address(), form.structure);
      return new LuoHead(
          version,
          subtree.address(),
          ser.get(LuoSer.LIVEUPDATE_NUM),
          form.sessions.address(ser),
          EntryList.of(version.files()).session,
          Ser.FLBS.address(ser));
    }

    @Override
    void write(Generation generation, LuoVersion version, long number, long sessions, long flbs) {
      Ser form = Ser.of(version);
      Folio folio = generation.addBlob(LuoSer.SUBTREE, form.structure.headerSize());
      StructureView ser = generation.view(folio, form.structure);
      ser.setText(LuoSer.COMPATIBLE, version.compatible());
      ser.set(LuoSer.LIVEUPDATE_NUM, number);
      form.sessions.store(ser, sessions);
      Ser.FLBS.store(ser, flbs);
    }
  };

  /** The structure of a version, and its pointer at the list of sessions. */
  private record Ser(Structure structure, KhoserPointer<StructureView> sessions) {

    private static final KhoserPointer<StructureView> FLBS =
        KhoserPointer.declare(LuoSer.FLBS_PA, LuoFlb.HEADER);

    private static final Map<LuoVersion, Ser> ALL =
        Map.of(
            LuoVersion.V3,
            new Ser(LuoSer.V3, KhoserPointer.declare(LuoSer.SESSIONS_PA_V3, LuoArrays.SESSIONS)),
            LuoVersion.V4,
            new Ser(LuoSer.V4, KhoserPointer.declare(LuoSer.SESSIONS_PA_V4, LuoBlocks.SESSIONS_V4)),
            LuoVersion.V5,
            new Ser(
                LuoSer.STRUCTURE, KhoserPointer.declare(LuoSer.SESSIONS_PA, LuoBlocks.SESSIONS)));

    static Ser of(LuoVersion version) {
      return Objects.requireNonNull(ALL.get(version), version::id);
    }
  }

  static final Where PATH = Where.ROOT.in(LuoSer.SUBTREE);

  static HeadForm of(LuoVersion.Head head) {
    return switch (head) {
      case FDT -> FDT;
      case FDT_POINTER -> FDT_POINTER;
      case STRUCTURE -> STRUCTURE;
    };
  }

  /**
   * Reads a blob whose compatible string is the version's.
   *
   * @throws org.kho4j.handover.wire.HandoverException if it is broken
   */
  abstract LuoHead read(HandoverMemory memory, Subtree subtree, LuoVersion version);

  /** Writes the blob, and lists it in the root FDT. */
  abstract void write(
      Generation generation, LuoVersion version, long number, long sessions, long flbs);

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
    MemorySegment blob = tree.endNode().finish();
    generation.addSubtree(LuoSer.SUBTREE, page.address(), Fdt.totalSize(blob));
  }
}
