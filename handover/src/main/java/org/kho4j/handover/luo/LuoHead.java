package org.kho4j.handover.luo;

import java.util.List;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;

/**
 * What the blob of subtree {@code LUO} says, whatever the version's way to say it.
 *
 * @param version of LUO's state
 * @param address of the structure that says it: the blob, or in luo-v2 what its tree points at
 * @param number of this live update
 * @param sessions address of what lists the sessions; 0 for none
 * @param session layout of a session's entry
 * @param flbs address of the page of the FLBs; 0 for none
 */
public record LuoHead(
    LuoVersion version, long address, long number, long sessions, Structure session, long flbs) {

  /**
   * Reads the blob.
   *
   * @throws org.kho4j.handover.wire.HandoverException if it is of no version that is known, or
   *     broken
   */
  public static LuoHead read(HandoverMemory memory, Subtree subtree) {
    LuoVersion version = version(memory, subtree);
    return LuoBlob.read(memory, subtree, version);
  }

  /**
   * The version that the blob names. Which luo-v1 it is, {@link #read} alone knows.
   *
   * @throws org.kho4j.handover.wire.HandoverException if it is of no version that is known
   */
  public static LuoVersion version(HandoverMemory memory, Subtree subtree) {
    Where where = subtree.where();
    int size = LuoSer.STRUCTURE.headerSize();
    if (Long.compareUnsigned(subtree.size(), size) < 0) {
      throw where.broken(
          subtree.address(),
          "the blob has %s bytes, fewer than %d"
              .formatted(Long.toUnsignedString(subtree.size()), size));
    }
    StructureView ser = memory.view(where, subtree.address(), LuoSer.STRUCTURE);
    boolean isTree = Fdt.isMagic(ser.bytes());
    List<String> compatible =
        isTree
            ? TreeValue.compatible(memory.tree(where, subtree.address(), subtree.size()))
            : List.of(ser.text(LuoSer.COMPATIBLE, where));
    List<LuoVersion> possible =
        LuoVersion.ALL.stream()
            .filter(version -> (version.head() != LuoVersion.Head.STRUCTURE) == isTree)
            .toList();
    return possible.reversed().stream()
        .filter(one -> compatible.contains(one.compatible()))
        .findFirst()
        .orElseThrow(() ->
            where.broken(
                subtree.address(),
                "the compatible string of a %s is %s, none of %s"
                    .formatted(
                        isTree ? "device tree" : "structure",
                        compatible,
                        possible.stream().map(LuoVersion::compatible).distinct().toList())));
  }
}
