package org.kho4j.handover.boot;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtEditor;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.PreservationException;

/**
 * The boot record of arm64: two properties of the node {@code /chosen} in the machine's device
 * tree. Ordinary device-tree cells, big-endian, in the numbers of the root's {@code #address-cells}
 * and {@code #size-cells}.
 */
public final class ChosenNode {

  private static final String CHOSEN = "chosen";
  private static final String PATH = "/" + CHOSEN;
  private static final String FDT = "linux,kho-fdt";
  private static final String SCRATCH = "linux,kho-scratch";
  private static final String ADDRESS_CELLS = "#address-cells";
  private static final String SIZE_CELLS = "#size-cells";

  /** Names of the properties of the record. */
  public static final List<String> PROPERTIES = List.of(FDT, SCRATCH);

  /** Names of the properties of the tree's root that say how the record is written. */
  public static final List<String> CELLS = List.of(ADDRESS_CELLS, SIZE_CELLS);

  /** Room for the node and both properties, names included. */
  private static final int ROOM = 256;

  private ChosenNode() {}

  /**
   * Reads the boot record out of a machine's device tree.
   *
   * @return empty if the tree has none
   * @throws HandoverException if a property does not hold exactly one address and one size: a
   *     kernel ignores KHO then
   */
  public static Optional<BootData> read(FdtNode root) {
    Optional<FdtNode> chosen = root.child(CHOSEN);
    Optional<FdtProperty> fdt = chosen.flatMap(node -> node.property(FDT));
    Optional<FdtProperty> scratch = chosen.flatMap(node -> node.property(SCRATCH));
    if (fdt.isEmpty() || scratch.isEmpty()) {
      return Optional.empty();
    }
    Cells cells = Cells.of(root);
    long[] fdtPair = cells.pair(fdt.get());
    long[] scratchPair = cells.pair(scratch.get());
    return Optional.of(new BootData(fdtPair[0], fdtPair[1], scratchPair[0], scratchPair[1]));
  }

  /**
   * Adds the boot record to a machine's device tree; an older record is replaced.
   *
   * @param tree the blob, which is not changed
   * @return the blob with the record
   * @throws FdtException if the blob is not well-formed
   * @throws HandoverException if the tree's cells cannot hold an address and a size
   * @throws PreservationException if an address does not fit the tree's cells
   */
  public static MemorySegment addTo(MemorySegment tree, BootData boot) {
    Fdt.read(tree); // all of it is there
    long size = Fdt.totalSize(tree);
    MemorySegment buffer = MemorySegment.ofArray(new byte[Math.toIntExact(size + ROOM)]);
    MemorySegment.copy(tree, 0, buffer, 0, size);
    FdtEditor editor = FdtEditor.open(buffer);
    FdtNode root = editor.read();
    Cells cells = Cells.of(root);
    FdtEditor.Node chosen =
        root.child(CHOSEN).isPresent()
            ? editor.root().child(CHOSEN)
            : editor.root().addSubnode(CHOSEN);
    chosen.set(cells.property(FDT, boot.fdtAddress(), boot.fdtSize()));
    chosen.set(cells.property(SCRATCH, boot.scratchAddress(), boot.scratchSize()));
    return editor.pack();
  }

  /** Returns a device tree with only the boot record: addresses and sizes of two cells. */
  public static MemorySegment alone(BootData boot) {
    MemorySegment buffer = MemorySegment.ofArray(new byte[1024]);
    MemorySegment tree =
        FdtBuilder.create(buffer)
            .beginNode("")
            .property(FdtProperty.ofU32(ADDRESS_CELLS, 2, ByteOrder.BIG_ENDIAN))
            .property(FdtProperty.ofU32(SIZE_CELLS, 2, ByteOrder.BIG_ENDIAN))
            .endNode()
            .finish();
    return addTo(tree, boot);
  }

  /**
   * The numbers of cells with which a tree writes an address and a size.
   *
   * @param address cells of an address
   * @param size cells of a size
   */
  private record Cells(int address, int size) {

    static Cells of(FdtNode root) {
      // The specification's defaults, for a tree without these properties.
      return new Cells(cells(root, ADDRESS_CELLS, 2), cells(root, SIZE_CELLS, 1));
    }

    private static int cells(FdtNode root, String property, int otherwise) {
      Optional<FdtProperty> stated = root.property(property);
      if (stated.isPresent() && stated.get().value().byteSize() != Integer.BYTES) {
        throw broken(
            "/",
            "%s has %d bytes, not %d"
                .formatted(property, stated.get().value().byteSize(), Integer.BYTES));
      }
      int cells = stated.map(value -> value.u32(ByteOrder.BIG_ENDIAN)).orElse(otherwise);
      if (cells != 1 && cells != 2) {
        throw broken(
            "/", "%s is %d, but only 1 or 2 cells can hold a number".formatted(property, cells));
      }
      return cells;
    }

    private static HandoverException broken(String path, String problem) {
      return new HandoverException(path, KhoException.NOWHERE, problem);
    }

    long[] pair(FdtProperty property) {
      int bytes = (address + size) * Integer.BYTES;
      if (property.value().byteSize() != bytes) {
        throw broken(
            PATH,
            "%s has %d bytes, not the %d of one address and one size"
                .formatted(property.name(), property.value().byteSize(), bytes));
      }
      ByteBuffer cells = ByteBuffer.wrap(property.value().toArray(ValueLayout.JAVA_BYTE));
      return new long[] {number(cells, address), number(cells, size)};
    }

    private static long number(ByteBuffer cells, int count) {
      return count == 2 ? cells.getLong() : Integer.toUnsignedLong(cells.getInt());
    }

    FdtProperty property(String name, long first, long second) {
      ByteBuffer cells = ByteBuffer.allocate((address + size) * Integer.BYTES);
      put(cells, address, name, first);
      put(cells, size, name, second);
      return FdtProperty.ofBytes(name, cells.array());
    }

    private static void put(ByteBuffer cells, int count, String name, long number) {
      if (count == 2) {
        cells.putLong(number);
      } else if (number >>> 32 == 0) {
        cells.putInt((int) number);
      } else {
        throw new PreservationException(
            PATH, "%s: 0x%x does not fit one cell".formatted(name, number));
      }
    }
  }
}
