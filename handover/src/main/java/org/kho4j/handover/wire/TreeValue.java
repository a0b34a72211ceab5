package org.kho4j.handover.wire;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.Wire;

/**
 * Values of a device tree's properties, in KHO's encoding: native-endian numbers, also where FDT
 * has cells elsewhere.
 */
public final class TreeValue {

  private TreeValue() {}

  /**
   * The node's compatible strings; none if it has no such property, or one that is no list of
   * strings.
   */
  public static List<String> compatible(FdtNode node) {
    try {
      return node.property("compatible").map(FdtProperty::stringList).orElse(List.of());
    } catch (FdtException e) {
      return List.of();
    }
  }

  /** A number of 8 bytes: most often a physical address. */
  public static long u64(FdtNode node, String property, Where where, long address) {
    return bytes(node, property, Long.BYTES, where, address).get(Wire.U64, 0);
  }

  /** An unsigned number of 4 bytes. */
  public static long u32(FdtNode node, String property, Where where, long address) {
    return Integer.toUnsignedLong(
        bytes(node, property, Integer.BYTES, where, address).get(Wire.U32, 0));
  }

  /**
   * The value of a property that has to have a size.
   *
   * @param address physical address of the tree, for messages
   * @throws HandoverException if the property is missing, or of another size
   */
  public static MemorySegment bytes(
      FdtNode node, String property, int size, Where where, long address) {
    FdtProperty found =
        node.property(property)
            .orElseThrow(() -> where.broken(address, "the property " + property + " is missing"));
    if (found.value().byteSize() != size) {
      throw where.broken(
          address,
          "the property %s has %d bytes, not %d"
              .formatted(property, found.value().byteSize(), size));
    }
    return found.value();
  }
}
