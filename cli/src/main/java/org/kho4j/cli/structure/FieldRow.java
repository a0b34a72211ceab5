package org.kho4j.cli.structure;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;

/**
 * A value of a structure, for display.
 *
 * @param name with those of embedded structures and the number of an element
 * @param type as the contract calls it
 * @param offset in the structure; -1 where it is not known
 * @param bytes as they are in memory
 * @param number of a field that is a number or an address
 * @param isAddress whether the contract says that the number is a physical address
 * @param text of a field that is text
 * @param bits that have names
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares rows
record FieldRow(
    String name,
    String type,
    long offset,
    byte[] bytes,
    OptionalLong number,
    boolean isAddress,
    @Nullable String text,
    List<Field.Bits> bits) {

  /** The row of a field that is neither an array nor a structure. */
  static FieldRow of(Field field, String name, long offset, byte[] bytes) {
    return new FieldRow(
        name,
        field.type().label(),
        offset,
        bytes,
        number(field, bytes),
        field.type() == Field.Type.PHYS,
        field.type() == Field.Type.CHARS ? text(bytes) : null,
        field.bits());
  }

  /** The row of bytes that the contract does not describe. */
  static FieldRow of(String name, long offset, byte[] bytes, @Nullable String text) {
    return new FieldRow(
        name, "byte[]", offset, bytes, OptionalLong.empty(), false, text, List.of());
  }

  private static OptionalLong number(Field field, byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return switch (field.type()) {
      case U8 -> OptionalLong.of(Byte.toUnsignedLong(buffer.get()));
      case U16 -> OptionalLong.of(Short.toUnsignedLong(buffer.getShort()));
      case U32 -> OptionalLong.of(Integer.toUnsignedLong(buffer.getInt()));
      case U64, PHYS -> OptionalLong.of(buffer.getLong());
      case CHARS, BYTES, STRUCTURE -> OptionalLong.empty();
    };
  }

  /** Up to the first NUL. */
  private static String text(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** The value of some of the bits. */
  long value(Field.Bits range) {
    long all = number.orElseThrow() >>> range.low();
    return range.width() == Long.SIZE ? all : all & ((1L << range.width()) - 1);
  }
}
