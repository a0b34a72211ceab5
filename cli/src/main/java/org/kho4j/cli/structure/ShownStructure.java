package org.kho4j.cli.structure;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Contract;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Field;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;

/** A structure, a device tree or a blob in rows. */
final class ShownStructure {

  private static final String BLOB = "blob";

  /** Bytes of a blob that is not known here. */
  private static final int MOST_BYTES = 1024;

  private final String path;
  private final String name;
  private final long address;
  private final long bytes;
  private final int mostElements;
  private final List<FieldRow> rows = new ArrayList<>();
  private long moreElements;

  private ShownStructure(String path, String name, long address, long bytes, int mostElements) {
    this.path = path;
    this.name = name;
    this.address = address;
    this.bytes = bytes;
    this.mostElements = mostElements;
  }

  /**
   * A structure by its layout. Of its elements, those that are not 0.
   *
   * @param mostElements others are counted
   */
  static ShownStructure of(Where where, StructureView view, PageSize pageSize, int mostElements) {
    Structure structure = view.structure();
    long size = Math.min(structure.size(pageSize), view.bytes().byteSize());
    ShownStructure shown =
        new ShownStructure(where.toString(), structure.name(), view.address(), size, mostElements);
    byte[] all = view.bytes().asSlice(0, size).toArray(ValueLayout.JAVA_BYTE);
    structure.fields().forEach(field -> shown.field(field, "", field.offset(), all));
    Field elements = structure.elements();
    if (elements != null && elements.type() != Field.Type.BYTES) {
      shown.elements(elements, elements.name(), structure.headerSize(), all.length, all);
    }
    return shown;
  }

  /** An element of an array that is no structure. */
  static ShownStructure of(Where where, Field field, long address, MemorySegment memory) {
    ShownStructure shown =
        new ShownStructure(where.toString(), field.type().label(), address, field.size(), 1);
    byte[] all = memory.asSlice(0, field.size()).toArray(ValueLayout.JAVA_BYTE);
    shown.rows.add(FieldRow.of(field, field.name(), 0, all));
    return shown;
  }

  /** A device tree, property by property. */
  static ShownStructure of(
      Where where, FdtNode tree, long address, MemorySegment blob, int mostElements) {
    ShownStructure shown =
        new ShownStructure(where.toString(), "device tree", address, blob.byteSize(), mostElements);
    List<String> compatible = TreeValue.compatible(tree);
    FdtLayout layout =
        Contract.VERSIONS.stream()
            .flatMap(version -> version.trees().stream())
            .filter(known -> compatible.contains(known.compatible()))
            .findFirst()
            .orElse(null);
    shown.node(tree, "", "/", layout, blob);
    return shown;
  }

  /** A blob of which nothing is known. */
  static ShownStructure of(Where where, long address, MemorySegment blob) {
    ShownStructure shown = new ShownStructure(where.toString(), BLOB, address, blob.byteSize(), 0);
    for (long at = 0; at < Math.min(MOST_BYTES, blob.byteSize()); at += 16) {
      byte[] line =
          blob.asSlice(at, Math.min(16, blob.byteSize() - at)).toArray(ValueLayout.JAVA_BYTE);
      shown.rows.add(FieldRow.of("", at, line, new String(line, StandardCharsets.ISO_8859_1)));
    }
    shown.moreElements = Math.max(0, blob.byteSize() - MOST_BYTES);
    return shown;
  }

  String path() {
    return path;
  }

  /** The structure's name in the kernel, or what else it is. */
  String name() {
    return name;
  }

  /** Returns whether it is nothing but bytes. */
  boolean isBlob() {
    return name.equals(BLOB);
  }

  long address() {
    return address;
  }

  long bytes() {
    return bytes;
  }

  List<FieldRow> rows() {
    return rows;
  }

  /** Elements that are not 0, or bytes of a blob, that are not shown. */
  long moreElements() {
    return moreElements;
  }

  private void field(Field field, String prefix, int offset, byte[] all) {
    String label = prefix + field.name();
    Structure embedded = field.type() == Field.Type.STRUCTURE ? field.target() : null;
    if (embedded != null) {
      for (Field part : embedded.fields()) {
        field(part, label + ".", offset + part.offset(), all);
      }
    } else if (field.type().unit() > 1 && field.size() > field.type().unit()) {
      elements(field, label, offset, offset + field.size(), all);
    } else {
      rows.add(
          FieldRow.of(
              field, label, offset, Arrays.copyOfRange(all, offset, offset + field.size())));
    }
  }

  /** The elements of an array that are not 0. */
  private void elements(Field elements, String label, int from, int end, byte[] all) {
    Structure structure = elements.type() == Field.Type.STRUCTURE ? elements.target() : null;
    int size = structure == null ? elements.type().unit() : elements.size();
    int shown = 0;
    for (int number = 0; from + (number + 1) * size <= end; number++) {
      int at = from + number * size;
      byte[] element = Arrays.copyOfRange(all, at, at + size);
      if (Arrays.equals(element, new byte[size])) {
        continue;
      }
      if (shown++ >= mostElements) {
        moreElements++;
      } else if (structure == null) {
        rows.add(FieldRow.of(elements, label + "[" + number + "]", at, element));
      } else {
        for (Field part : structure.fields()) {
          field(part, label + "[" + number + "].", at + part.offset(), all);
        }
      }
    }
  }

  private void node(
      FdtNode node, String prefix, String pattern, @Nullable FdtLayout layout, MemorySegment blob) {
    for (FdtProperty property : node.properties()) {
      Field field = field(layout, pattern, property);
      String label = prefix + property.name();
      byte[] value = property.value().toArray(ValueLayout.JAVA_BYTE);
      long at = offset(blob, property.value());
      Structure embedded =
          field != null && field.type() == Field.Type.STRUCTURE ? field.target() : null;
      if (embedded != null) {
        for (Field part : embedded.fields()) {
          byte[] bytesOfPart =
              Arrays.copyOfRange(value, part.offset(), part.offset() + part.size());
          rows.add(
              FieldRow.of(
                  part, label + "." + part.name(), at < 0 ? at : at + part.offset(), bytesOfPart));
        }
      } else if (field != null && field.size() == field.type().unit()) {
        rows.add(FieldRow.of(field, label, at, value));
      } else {
        rows.add(FieldRow.of(label, at, value, strings(value)));
      }
    }
    for (FdtNode child : node.children()) {
      String below = pattern.equals("/") ? "/" : pattern + "/";
      node(child, prefix + child.name() + "/", below + child.name(), layout, blob);
    }
  }

  /** The contract's word on a property, if the value has the size that it says. */
  private static @Nullable Field field(
      @Nullable FdtLayout layout, String path, FdtProperty property) {
    return layout == null
        ? null
        : layout.properties().stream()
            .filter(known -> known.field().name().equals(property.name()))
            .filter(known -> known.field().size() == property.value().byteSize())
            .filter(known -> isAt(known.node(), path))
            .map(FdtLayout.Property::field)
            .findFirst()
            .orElse(null);
  }

  /**
   * Returns whether a node has a place of the contract, where a part in angle brackets is any name.
   */
  private static boolean isAt(String pattern, String path) {
    String[] parts = pattern.split("/", -1);
    String[] names = path.split("/", -1);
    boolean same = parts.length == names.length;
    for (int i = 0; same && i < parts.length; i++) {
      same = parts[i].startsWith("<") || parts[i].equals(names[i]);
    }
    return same;
  }

  /** Returns the offset of a value in its blob; -1 if the value is a copy. */
  private static long offset(MemorySegment blob, MemorySegment value) {
    long at = value.address() - blob.address();
    return at >= 0
            && at + value.byteSize() <= blob.byteSize()
            && blob.asSlice(at, value.byteSize()).mismatch(value) < 0
        ? at
        : -1;
  }

  /** The strings in a value that is a list of them; null if it is none. */
  private static @Nullable String strings(byte[] value) {
    if (value.length < 2 || value[value.length - 1] != 0) {
      return null;
    }
    for (int i = 0; i < value.length - 1; i++) {
      if (value[i] < ' ' && !(value[i] == 0 && i > 0 && value[i - 1] != 0)) {
        return null;
      }
    }
    return new String(value, 0, value.length - 1, StandardCharsets.UTF_8).replace("\0", ", ");
  }
}
