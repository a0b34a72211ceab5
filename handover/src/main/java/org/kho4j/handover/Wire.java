package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.kho4j.abi.Field;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/**
 * Numbers and text of the contract at a field of a structure. KHO's numbers are native-endian, and
 * every machine that speaks KHO is little-endian. Nothing in a handover is aligned for sure, so
 * nothing here asks for it.
 */
public final class Wire {

  public static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  public static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Wire() {}

  /** The 8 bytes at a field of type u64 or phys. */
  public static long u64(MemorySegment structure, Field field) {
    return structure.get(U64, field.offset());
  }

  /** The unsigned 4 bytes at a field of type u32. */
  public static long u32(MemorySegment structure, Field field) {
    return Integer.toUnsignedLong(structure.get(U32, field.offset()));
  }

  /** The unsigned 2 bytes at a field of type u16. */
  public static int u16(MemorySegment structure, Field field) {
    return Short.toUnsignedInt(structure.get(U16, field.offset()));
  }

  /**
   * The text at a field of type char[], up to its NUL. Bytes that are not UTF-8 read as U+FFFD.
   *
   * @param address physical address of the structure, for the message
   * @throws HandoverException if the field has no NUL
   */
  public static String text(MemorySegment structure, Field field, Where where, long address) {
    for (int i = 0; i < field.size(); i++) {
      if (structure.get(ValueLayout.JAVA_BYTE, field.offset() + i) == 0) {
        byte[] bytes = structure.asSlice(field.offset(), i).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
      }
    }
    throw where.broken(address, field.name() + " has no NUL within its " + field.size() + " bytes");
  }

  /** The structure embedded at a field. */
  public static MemorySegment embedded(MemorySegment structure, Field field) {
    return structure.asSlice(field.offset(), field.size());
  }

  /** Writes the 8 bytes of a field of type u64 or phys. */
  public static void putU64(MemorySegment structure, Field field, long value) {
    structure.set(U64, field.offset(), value);
  }

  /**
   * Writes the 4 bytes of a field of type u32.
   *
   * @throws IllegalArgumentException if the value does not fit
   */
  public static void putU32(MemorySegment structure, Field field, long value) {
    structure.set(U32, field.offset(), (int) fitting(field, value));
  }

  /**
   * Writes the 2 bytes of a field of type u16.
   *
   * @throws IllegalArgumentException if the value does not fit
   */
  public static void putU16(MemorySegment structure, Field field, long value) {
    structure.set(U16, field.offset(), (short) fitting(field, value));
  }

  private static long fitting(Field field, long value) {
    if (value < 0 || value >>> (8 * field.size()) != 0) {
      throw new IllegalArgumentException(
          "%s is %d, and has room for %d bytes".formatted(field.name(), value, field.size()));
    }
    return value;
  }

  /**
   * Writes the text of a field of type char[], padded with NUL.
   *
   * @throws IllegalArgumentException if it has a NUL in it, or no room is left for the one behind
   *     it
   */
  public static void putText(MemorySegment structure, Field field, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length >= field.size() || text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "%s \"%s\": at most %d bytes without a NUL fit"
              .formatted(field.name(), text, field.size() - 1));
    }
    MemorySegment target = structure.asSlice(field.offset(), field.size());
    target.fill((byte) 0);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, target, 0, bytes.length);
  }
}
