package org.kho4j.handover.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.kho4j.abi.Field;
import org.kho4j.abi.Structure;
import org.kho4j.files.LittleEndian;

/**
 * A structure of the contract in memory. Type and width of an access are the field's, and a field
 * of another structure is refused. Numbers are little-endian, as on every machine with KHO, and
 * need not be aligned.
 */
public final class StructureView {

  /** The layout of an 8-byte number, for loops over elements; {@link #get} reads a field. */
  public static final ValueLayout.OfLong U64 = LittleEndian.U64;

  static final ValueLayout.OfInt U32 = LittleEndian.U32;
  private static final ValueLayout.OfShort U16 = LittleEndian.U16;

  private final Structure structure;
  private final MemorySegment bytes;
  private long address;
  private long offset;

  /**
   * Creates a view of a structure at the start of some bytes.
   *
   * @param address physical address of the structure, or {@link KhoException#NOWHERE}
   */
  public StructureView(Structure structure, long address, MemorySegment bytes) {
    this(structure, address, bytes, 0);
  }

  private StructureView(Structure structure, long address, MemorySegment bytes, long offset) {
    this.structure = structure;
    this.bytes = bytes;
    this.address = address;
    this.offset = offset;
  }

  /** Returns a view of a structure in new memory of zeros, which has no physical address yet. */
  public static StructureView allocate(Structure structure) {
    byte[] zeros = new byte[structure.headerSize()];
    return new StructureView(structure, KhoException.NOWHERE, MemorySegment.ofArray(zeros));
  }

  public Structure structure() {
    return structure;
  }

  /** Returns the physical address, or {@link KhoException#NOWHERE}. */
  public long address() {
    return address;
  }

  /** Returns the bytes from the structure's start on. */
  public MemorySegment bytes() {
    return offset == 0 ? bytes : bytes.asSlice(offset);
  }

  /**
   * Moves this view to the next structure of an array, so that a loop over elements allocates
   * nothing.
   */
  public void next() {
    address += structure.headerSize();
    offset += structure.headerSize();
  }

  /** Reads a field of type u8, u16, u32 or u64. */
  public long get(Field field) {
    long at = offset + offsetOf(field);
    return switch (field.type()) {
      case U8 -> Byte.toUnsignedLong(bytes.get(ValueLayout.JAVA_BYTE, at));
      case U16 -> Short.toUnsignedLong(bytes.get(U16, at));
      case U32 -> Integer.toUnsignedLong(bytes.get(U32, at));
      case U64 -> bytes.get(U64, at);
      default -> throw wrong(field, "no number");
    };
  }

  /**
   * Sets a field of type u8, u16, u32 or u64.
   *
   * @throws PreservationException if the field is too small for the value
   */
  public void set(Field field, long value) {
    long at = offset + offsetOf(field);
    switch (field.type()) {
      case U8 -> bytes.set(ValueLayout.JAVA_BYTE, at, (byte) fitting(field, value));
      case U16 -> bytes.set(U16, at, (short) fitting(field, value));
      case U32 -> bytes.set(U32, at, (int) fitting(field, value));
      case U64 -> bytes.set(U64, at, value);
      default -> throw wrong(field, "no number");
    }
  }

  private long fitting(Field field, long value) {
    if (value < 0 || value >>> (Byte.SIZE * field.size()) != 0) {
      throw refused(
          field, "%d does not fit into the field's %d bytes".formatted(value, field.size()));
    }
    return value;
  }

  /**
   * Reads a physical address from a field of type phys, to report it or to read plain data there.
   */
  public long address(Field field) {
    if (field.type() != Field.Type.PHYS) {
      throw wrong(field, "no address");
    }
    return bytes.get(U64, offset + offsetOf(field));
  }

  /** Sets a field that is the physical address of plain data; 0 means none. */
  public void setAddress(Field field, long value) {
    if (field.target() != null) {
      throw wrong(field, "no address of plain data: a KhoserPointer stores it");
    }
    store(field, value);
  }

  void store(Field field, long value) {
    if (field.type() != Field.Type.PHYS) {
      throw wrong(field, "no address");
    }
    bytes.set(U64, offset + offsetOf(field), value);
  }

  /**
   * Returns the text of a field of type char[], up to its NUL. Bytes that are not UTF-8 read as
   * U+FFFD.
   *
   * @throws HandoverException if the field has no NUL
   */
  public String text(Field field, Where where) {
    return text(
        field,
        where,
        problem -> {
          throw problem;
        });
  }

  /**
   * Returns the text of a field as {@link #text(Field, Where)} does. A field without a NUL is
   * reported, and cut off before its last byte, as the kernel does with a session's name.
   *
   * @param problems takes the report
   */
  public String text(Field field, Where where, Consumer<HandoverException> problems) {
    MemorySegment chars = chars(field);
    int length = 0;
    while (length < field.size() && chars.get(ValueLayout.JAVA_BYTE, length) != 0) {
      length++;
    }
    if (length == field.size()) {
      problems.accept(
          where.broken(
              address, field.name() + " has no NUL within its " + field.size() + " bytes"));
      length--;
    }
    return new String(
        chars.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }

  /** Returns all bytes of a field of type char[]. */
  public MemorySegment chars(Field field) {
    return slice(field, Field.Type.CHARS);
  }

  /**
   * Sets the text of a field of type char[], padded with NUL.
   *
   * @throws PreservationException if the text has a NUL or half of a surrogate pair, or leaves no
   *     room for the NUL behind it
   */
  public void setText(Field field, String text) {
    byte[] chars = text.getBytes(StandardCharsets.UTF_8);
    if (chars.length >= field.size()
        || text.indexOf('\0') >= 0
        || !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw refused(
          field,
          "\"%s\": at most %d bytes of UTF-8 without a NUL fit".formatted(text, field.size() - 1));
    }
    MemorySegment target = slice(field, Field.Type.CHARS).fill((byte) 0);
    MemorySegment.copy(MemorySegment.ofArray(chars), 0, target, 0, chars.length);
  }

  /** Returns the structure that a field embeds. */
  public StructureView embedded(Field field) {
    Structure target = field.target();
    if (target == null || field.type() != Field.Type.STRUCTURE) {
      throw wrong(field, "no structure");
    }
    return new StructureView(target, address + field.offset(), slice(field, field.type()));
  }

  /**
   * Returns an element of the array behind the fields, with the element structure of the contract.
   */
  public StructureView element(long index) {
    Field elements = structure.elements();
    Structure element =
        elements != null && elements.type() == Field.Type.STRUCTURE ? elements.target() : null;
    if (element == null) {
      throw new IllegalArgumentException(structure.name() + " has no structures as elements");
    }
    return element(index, element);
  }

  /**
   * Returns an element of the array behind the fields, with a structure that the caller chooses.
   *
   * @param index from 0 on; an element behind the bytes of this view has no fields that can be read
   */
  public StructureView element(long index, Structure element) {
    if (index < 0 || index > bytes.byteSize()) {
      throw new IndexOutOfBoundsException(
          "element %d of %d bytes of %s".formatted(index, bytes.byteSize(), structure.name()));
    }
    long at = structure.headerSize() + index * element.headerSize();
    return new StructureView(element, address + at, bytes, offset + at);
  }

  private MemorySegment slice(Field field, Field.Type type) {
    if (field.type() != type) {
      throw wrong(field, "of type " + field.type().label() + ", not " + type.label());
    }
    return bytes.asSlice(offset + offsetOf(field), field.size());
  }

  private int offsetOf(Field field) {
    if (!structure.has(field)) {
      throw wrong(field, "no field of it");
    }
    return field.offset();
  }

  private IllegalArgumentException wrong(Field field, String what) {
    return new IllegalArgumentException(structure.name() + ": " + field.name() + " is " + what);
  }

  private PreservationException refused(Field field, String problem) {
    return new PreservationException(structure.name() + "." + field.name(), address, problem);
  }
}
