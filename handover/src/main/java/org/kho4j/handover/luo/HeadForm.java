package org.kho4j.handover.luo;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Optional;
import org.kho4j.abi.LuoAbiHeader;
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
import org.kho4j.handover.HandoverMemory;
import org.kho4j.handover.Subtree;
import org.kho4j.handover.TreeValue;
import org.kho4j.handover.Where;
import org.kho4j.handover.Wire;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;

/** The ways in which the blob of subtree {@code LUO} is written: {@link LuoVersion.Head}. */
enum HeadForm {
  /** A device tree with the addresses in it. */
  FDT {
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
          TreeValue.u64(tree, LuoTree.LIVEUPDATE_NUMBER.name(), where, address),
          TreeValue.u64(sessions, LuoTree.SESSION_HEADER.name(), sessionsWhere, address),
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
      return TreeValue.u64(node, LuoTree.FLB_HEADER.name(), where, address);
    }

    @Override
    void write(Generation generation, LuoVersion version, long number, long sessions, long flbs) {
      writeTree(
          generation,
          version,
          tree -> {
            tree.property(u64(LuoTree.LIVEUPDATE_NUMBER.name(), number))
                .beginNode(LuoTree.SESSION_NODE)
                .property(FdtProperty.ofString("compatible", LuoTree.SESSION_V2))
                .property(u64(LuoTree.SESSION_HEADER.name(), sessions))
                .endNode();
            if (version.flbs()) {
              tree.beginNode(LuoTree.FLB_NODE)
                  .property(FdtProperty.ofString("compatible", LuoTree.FLB_V1))
                  .property(u64(LuoTree.FLB_HEADER.name(), flbs))
                  .endNode();
            }
          });
    }
  },
  /** A device tree that points at a {@link LuoAbiHeader}. */
  FDT_POINTER {
    @Override
    LuoHead read(HandoverMemory memory, Subtree subtree, LuoVersion version) {
      Where where = subtree.where();
      FdtNode tree = memory.tree(where, subtree.address(), subtree.size());
      long address = TreeValue.u64(tree, LuoTree.ABI_HEADER.name(), where, subtree.address());
      Where place = where.in(LuoTree.ABI_HEADER.name());
      memory.requirePage(place, address, "the address");
      MemorySegment header = memory.structure(place, address, LuoAbiHeader.STRUCTURE);
      return new LuoHead(
          version,
          address,
          Wire.u64(header, LuoAbiHeader.LIVEUPDATE_NUM),
          Wire.u64(header, LuoAbiHeader.SESSIONS_PA),
          Wire.u64(header, LuoAbiHeader.FLBS_PA));
    }

    @Override
    void write(Generation generation, LuoVersion version, long number, long sessions, long flbs) {
      Folio folio = generation.allocate(PATH.in(LuoTree.ABI_HEADER.name()).toString(), 0);
      generation.preserve(folio);
      MemorySegment header = generation.segment(folio);
      Wire.putU64(header, LuoAbiHeader.LIVEUPDATE_NUM, number);
      Wire.putU64(header, LuoAbiHeader.SESSIONS_PA, sessions);
      Wire.putU64(header, LuoAbiHeader.FLBS_PA, flbs);
      writeTree(
          generation,
          version,
          tree -> tree.property(u64(LuoTree.ABI_HEADER.name(), folio.address())));
    }
  },
  /** A {@link LuoSer}. */
  STRUCTURE {
    @Override
    LuoHead read(HandoverMemory memory, Subtree subtree, LuoVersion version) {
      MemorySegment ser = memory.structure(subtree.where(), subtree.address(), LuoSer.STRUCTURE);
      return new LuoHead(
          version,
          subtree.address(),
          Wire.u64(ser, LuoSer.LIVEUPDATE_NUM),
          Wire.u64(ser, LuoSer.SESSIONS_PA),
          Wire.u64(ser, LuoSer.FLBS_PA));
    }

    @Override
    void write(Generation generation, LuoVersion version, long number, long sessions, long flbs) {
      MemorySegment ser =
          generation.segment(generation.addBlob(LuoSer.SUBTREE, LuoSer.STRUCTURE.headerSize()));
      Wire.putText(ser, LuoSer.COMPATIBLE, version.compatible());
      Wire.putU64(ser, LuoSer.LIVEUPDATE_NUM, number);
      Wire.putU64(ser, LuoSer.SESSIONS_PA, sessions);
      Wire.putU64(ser, LuoSer.FLBS_PA, flbs);
    }
  };

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
   * @throws org.kho4j.handover.HandoverException if it is broken
   */
  abstract LuoHead read(HandoverMemory memory, Subtree subtree, LuoVersion version);

  /** Writes the blob, and lists it in the root FDT. */
  abstract void write(
      Generation generation, LuoVersion version, long number, long sessions, long flbs);

  private interface Nodes {
    void addTo(FdtBuilder tree);
  }

  private static void writeTree(Generation generation, LuoVersion version, Nodes nodes) {
    Folio page = generation.allocate(PATH.toString(), 0);
    generation.preserve(page);
    FdtBuilder tree =
        FdtBuilder.create(generation.segment(page))
            .beginNode("")
            .property(FdtProperty.ofString("compatible", version.compatible()));
    nodes.addTo(tree);
    MemorySegment blob = tree.endNode().finish();
    generation.addSubtree(LuoSer.SUBTREE, page.address(), Fdt.totalSize(blob));
  }

  private static FdtProperty u64(String name, long value) {
    return FdtProperty.ofU64(name, value, ByteOrder.LITTLE_ENDIAN);
  }
}
