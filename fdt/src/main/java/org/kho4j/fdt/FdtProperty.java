package org.kho4j.fdt;

import static org.kho4j.fdt.FdtError.BAD_VALUE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * A property of a node. Two are equal when their names and bytes are.
 *
 * @param name its name
 * @param value its bytes, read-only; only 4-byte aligned within a blob, so numbers are read
 *     unaligned. FDT fixes no byte order for what is in it.
 */
public record FdtProperty(String name, MemorySegment value) {

  private static final int SHOWN_BYTES = 32;

  public FdtProperty {
    value = value.isReadOnly() ? value : value.asReadOnly();
  }

  /** Returns a property of these bytes, which are not copied. */
  public static FdtProperty ofBytes(String name, byte[] bytes) {
    return new FdtProperty(name, MemorySegment.ofArray(bytes));
  }

  /** Returns a property of one text and its NUL. */
  public static FdtProperty ofString(String name, String text) {
    if (text.indexOf(0) >= 0) {
      throw new IllegalArgumentException("the text of \"%s\" has a NUL in it".formatted(name));
    }
    return ofBytes(name, (text + "\0").getBytes(StandardCharsets.UTF_8));
  }

  /** Returns a property of one number of 4 bytes. */
  public static FdtProperty ofU32(String name, int number, ByteOrder order) {
    return ofBytes(name, ByteBuffer.allocate(Integer.BYTES).order(order).putInt(number).array());
  }

  /** Returns a property of one number of 8 bytes. */
  public static FdtProperty ofU64(String name, long number, ByteOrder order) {
    return ofBytes(name, ByteBuffer.allocate(Long.BYTES).order(order).putLong(number).array());
  }

  /**
   * Reads a string: the whole value is one text and its NUL.
   *
   * @throws FdtException if it is anything else
   */
  public String string() {
    List<String> strings = stringList();
    if (strings.size() != 1) {
      throw bad(0, "has %d strings, not one".formatted(strings.size()));
    }
    return strings.getFirst();
  }

  /**
   * Strings, each with its NUL, one behind the other. An empty value has none.
   *
   * @throws FdtException if the last has no NUL, or one is not UTF-8
   */
  public List<String> stringList() {
    List<String> strings = new ArrayList<>();
    long start = 0;
    for (long i = 0; i < value.byteSize(); i++) {
      if (value.get(ValueLayout.JAVA_BYTE, i) == 0) {
        strings.add(text(start, i));
        start = i + 1;
      }
    }
    if (start != value.byteSize()) {
      throw bad(start, "of %d bytes does not end with a NUL".formatted(value.byteSize()));
    }
    return List.copyOf(strings);
  }

  /**
   * Reads a number of exactly 4 bytes.
   *
   * @param order big-endian for a device tree's cells, the kernel's own for KHO's numbers
   * @throws FdtException if the value has another length
   */
  public int u32(ByteOrder order) {
    checkLength(Integer.BYTES);
    return value.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), 0);
  }

  /**
   * Reads a number of exactly 8 bytes.
   *
   * @param order big-endian for a device tree's cells, the kernel's own for KHO's numbers
   * @throws FdtException if the value has another length
   */
  public long u64(ByteOrder order) {
    checkLength(Long.BYTES);
    return value.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), 0);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FdtProperty that
        && name.equals(that.name)
        && value.mismatch(that.value) == -1;
  }

  /** Of the name and the value's length: equal properties agree in both. */
  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Long.hashCode(value.byteSize());
  }

  @Override
  public String toString() {
    long shown = Math.min(SHOWN_BYTES, value.byteSize());
    String hex = HexFormat.of().formatHex(value.asSlice(0, shown).toArray(ValueLayout.JAVA_BYTE));
    return "%s = [%s%s]".formatted(name, hex, shown < value.byteSize() ? "…" : "");
  }

  private void checkLength(int expected) {
    if (value.byteSize() != expected) {
      throw bad(0, "has %d bytes, not %d".formatted(value.byteSize(), expected));
    }
  }

  private String text(long start, long end) {
    byte[] bytes = value.asSlice(start, end - start).toArray(ValueLayout.JAVA_BYTE);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException _) {
      throw bad(start, "is not UTF-8");
    }
  }

  private FdtException bad(long offset, String what) {
    return new FdtException(
        BAD_VALUE,
        offset,
        "the property \"%s\" %s, at 0x%x of its value".formatted(name, what, offset));
  }
}
