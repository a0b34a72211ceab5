package org.kho4j.cli.structure;

import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;

/**
 * The field that a byte of a structure is in.
 *
 * @param name with those of embedded structures and the numbers of elements: {@code
 *     file_set_ser.count}, {@code phys[3]}
 * @param offset of the byte in the field
 */
record FieldAt(String name, long offset) {

  /** The field at an offset; null where no field is. */
  static @Nullable FieldAt of(Structure structure, PageSize pageSize, long offset) {
    for (Field field : structure.fields()) {
      if (offset >= field.offset() && offset < field.end()) {
        return in(field, field.name(), pageSize, offset - field.offset());
      }
    }
    Field elements = structure.elements();
    if (elements == null) {
      return null;
    }
    long number = (offset - structure.headerSize()) / elements.size();
    return number >= structure.capacity(pageSize)
        ? null
        : in(
            elements,
            elements.name() + "[" + number + "]",
            pageSize,
            (offset - structure.headerSize()) % elements.size());
  }

  private static FieldAt in(Field field, String name, PageSize pageSize, long offset) {
    Structure embedded = field.type() == Field.Type.STRUCTURE ? field.target() : null;
    FieldAt inside = embedded == null ? null : of(embedded, pageSize, offset);
    if (inside != null) {
      return new FieldAt(name + "." + inside.name, inside.offset);
    }
    int unit = field.type().unit();
    if (unit > 1 && field.size() > unit) {
      return new FieldAt(name + "[" + offset / unit + "]", offset % unit);
    }
    return new FieldAt(name, offset);
  }
}
