package org.kho4j.handover.wire;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.kho4j.abi.Field;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;

/**
 * Values of a device tree's properties in KHO's encoding: numbers in native byte order, not FDT
 * cells.
 */
public final class TreeValue {

  private TreeValue() {}

  /**
   * Returns the node's compatible strings; none if it has no such property, or one that is no list
   * of strings.
   */
  public static List<String> compatible(FdtNode node) {
    try {
      return node.property("compatible").map(FdtProperty::stringList).orElse(List.of());
    } catch (FdtException e) {
      return List.of();
    }
  }

  /**
   * Checks a node's compatible strings, as a kernel does.
   *
   * @throws HandoverException if {@code compatible} is none of them
   */
  public static void requireCompatible(FdtNode node, String compatible, Where where, long address) {
    List<String> found = compatible(node);
    if (!found.contains(compatible)) {
      throw where.broken(address, "compatible is %s, not \"%s\"".formatted(found, compatible));
    }
  }

  /** Reads the unsigned number or the physical address of a property. */
  public static long number(FdtNode node, Field property, Where where, long address) {
    MemorySegment value = bytes(node, property.name(), property.size(), where, address);
    return property.size() == Long.BYTES
        ? value.get(StructureView.U64, 0)
        : Integer.toUnsignedLong(value.get(StructureView.U32, 0));
  }

  /** Returns the structure that a property embeds. Its place in the tree is not known. */
  public static StructureView embedded(FdtNode node, Field property, Where where, long address) {
    Structure structure = Objects.requireNonNull(property.target(), property.name());
    return new StructureView(
        structure, address, bytes(node, property.name(), structure.headerSize(), where, address));
  }

  /**
   * Returns the value of a property, which must have a given size.
   *
   * @param address physical address of the tree
   * @throws HandoverException if the property is missing, or of another size
   */
  private static MemorySegment bytes(
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
