package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;

/**
 * Values of a device tree's properties, in KHO's encoding: native-endian numbers, also where FDT
 * has cells elsewhere.
 */
public final class TreeValue {

  private TreeValue() {}

  /** The node's compatible string up to its NUL, if it has one. */
  public static Optional<String> compatible(FdtNode node) {
    return node.property("compatible").map(property -> text(property.value()));
  }

  private static String text(MemorySegment value) {
    byte[] bytes = value.toArray(ValueLayout.JAVA_BYTE);
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
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
