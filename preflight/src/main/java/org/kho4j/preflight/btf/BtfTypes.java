package org.kho4j.preflight.btf;

import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U32;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.kho4j.files.MalformedImageException;

/**
 * The two sections of BTF, with the start of each type: header checks, bounds, names. Types are
 * numbered from 1; type 0 is {@code void}.
 */
final class BtfTypes {

  private static final int MAGIC = 0xeb9f;
  private static final int SWAPPED_MAGIC = 0x9feb;
  private static final int HEADER = 24;
  private static final int HEADER_WITH_LAYOUT = 32;
  private static final int TYPE_WORDS = 3;

  /** Longest name that a kernel accepts (KSYM_NAME_LEN). */
  private static final int MAX_NAME = 512;

  private final String where;

  /** The section of types, which consists of 32-bit words. */
  private final int[] words;

  private final byte[] strings;

  /** {@code u8 info_sz, elem_sz; u16 flags} of each kind; since 7.1, optional. */
  private final byte[] layouts;

  /** The index in {@link #words} of each type. */
  private final int[] starts;

  /** The number of the current type, in the end one more than the highest. */
  private int count;

  BtfTypes(MemorySegment bytes, String where) throws MalformedImageException {
    this.where = where;
    long size = bytes.byteSize();
    if (size < HEADER) {
      throw malformed("ends within its header: it has " + size + " of " + HEADER + " bytes");
    }
    int magic = Short.toUnsignedInt(bytes.get(U16, 0));
    if (magic == SWAPPED_MAGIC) {
      throw malformed("is big-endian: only little-endian is read");
    }
    if (magic != MAGIC) {
      throw malformed("starts with 0x" + Integer.toHexString(magic) + ", not with 0xeb9f");
    }
    int version = bytes.get(ValueLayout.JAVA_BYTE, 2);
    if (version != 1) {
      throw malformed("has version " + version + ": only version 1 is known");
    }
    if (size > Btf.MAX_BYTES) {
      throw malformed("has " + size + " bytes: " + Btf.MAX_BYTES + " are the most that are read");
    }
    long header = Integer.toUnsignedLong(bytes.get(U32, 4));
    if (header < HEADER || header > size) {
      throw malformed("has a header of " + header + " bytes in " + size);
    }
    requireApart(bytes);
    MemorySegment types = section(bytes, header, 8, "types");
    if ((types.byteSize() & 3) != 0) {
      throw malformed("has types of " + types.byteSize() + " bytes, not whole words");
    }
    words = types.toArray(U32);
    strings = section(bytes, header, 16, "strings").toArray(ValueLayout.JAVA_BYTE);
    if (strings.length == 0 || strings[0] != 0 || strings[strings.length - 1] != 0) {
      throw malformed("has strings that do not start and end with NUL");
    }
    layouts =
        header >= HEADER_WITH_LAYOUT
            ? section(bytes, header, 24, "layouts").toArray(ValueLayout.JAVA_BYTE)
            : new byte[0];
    findTypes(new int[0]);
    starts = new int[count];
    findTypes(starts);
  }

  /**
   * Checks that the two sections do not overlap, as a kernel does; so no more bytes are read than
   * the file has.
   */
  private void requireApart(MemorySegment bytes) throws MalformedImageException {
    if (end(bytes, 8) > Integer.toUnsignedLong(bytes.get(U32, 16))
        && end(bytes, 16) > Integer.toUnsignedLong(bytes.get(U32, 8))) {
      throw malformed("has its types and its strings at the same place");
    }
  }

  /** Returns the length of BTF by its header: either strings or layouts are last. */
  static long length(MemorySegment bytes) {
    if (bytes.byteSize() < HEADER) {
      return bytes.byteSize();
    }
    long header = Integer.toUnsignedLong(bytes.get(U32, 4));
    long end = end(bytes, 8);
    end = Math.max(end, end(bytes, 16));
    if (header >= HEADER_WITH_LAYOUT && bytes.byteSize() >= HEADER_WITH_LAYOUT) {
      end = Math.max(end, end(bytes, 24));
    }
    return Math.min(bytes.byteSize(), header + end);
  }

  private static long end(MemorySegment bytes, long field) {
    return Integer.toUnsignedLong(bytes.get(U32, field))
        + Integer.toUnsignedLong(bytes.get(U32, field + 4));
  }

  private MemorySegment section(MemorySegment bytes, long header, long field, String name)
      throws MalformedImageException {
    long offset = Integer.toUnsignedLong(bytes.get(U32, field));
    long length = Integer.toUnsignedLong(bytes.get(U32, field + 4));
    long room = bytes.byteSize() - header;
    if (offset > room || length > room - offset) {
      throw malformed(
          "has its %s at 0x%x, 0x%x bytes, of 0x%x".formatted(name, offset, length, room));
    }
    return bytes.asSlice(header + offset, length);
  }

  /**
   * Finds the starts of types. Called twice, first to count them: an array that grows would take
   * three times the memory.
   */
  private void findTypes(int[] found) throws MalformedImageException {
    count = 1;
    int at = 0;
    while (at < words.length) {
      if (words.length - at < TYPE_WORDS) {
        throw malformed("ends within type %d at 0x%x of its types".formatted(count, 4L * at));
      }
      int info = words[at + 1];
      long tail = tail(at, kind(info), elements(info));
      if (tail > 4L * (words.length - at - TYPE_WORDS)) {
        throw malformed(
            "has type %d at 0x%x of its types, of kind %d with %d elements, which runs past their end"
                .formatted(count, 4L * at, kind(info), elements(info)));
      }
      if (count < found.length) {
        found[count] = at;
      }
      count++;
      at += TYPE_WORDS + (int) (tail >> 2);
    }
  }

  private long tail(int at, int kind, int elements) throws MalformedImageException {
    long tail = BtfKind.tail(kind, elements);
    if (tail >= 0) {
      return tail;
    }
    int layout = 4 * kind;
    if (layout > layouts.length - 4) {
      throw malformed(
          ("has type %d at 0x%x of its types, of kind %d, which is unknown, as is its length:"
                  + " nothing after it can be read")
              .formatted(count, 4L * at, kind));
    }
    tail = (layouts[layout] & 0xff) + (layouts[layout + 1] & 0xffL) * elements;
    if ((tail & 3) != 0) {
      throw malformed("has types of kind " + kind + " that are no whole words long");
    }
    return tail;
  }

  private static int kind(int info) {
    return info >>> 24 & 0x7f;
  }

  private static int elements(int info) {
    return info & 0xffffff;
  }

  /** Returns one more than the highest number of a type. */
  int end() {
    return count;
  }

  int kindOf(int type) {
    return type == 0 ? 0 : kind(words[starts[type] + 1]);
  }

  /** Returns the type's {@code kind_flag}. */
  boolean flagOf(int type) {
    return words[starts[type] + 1] < 0;
  }

  /** Returns the type's {@code vlen}. */
  int elementsOf(int type) {
    return elements(words[starts[type] + 1]);
  }

  /** Returns the third word of a type that has a size. */
  long sizeOf(int type) {
    return Integer.toUnsignedLong(words[starts[type] + 2]);
  }

  /** Returns the third word of a type that refers to another. */
  int referenceOf(int type) throws MalformedImageException {
    return checked(type, words[starts[type] + 2]);
  }

  /** Returns a word behind the type's own three. */
  int word(int type, int index) {
    return words[starts[type] + TYPE_WORDS + index];
  }

  /** Returns a word after the type's own three that is the number of a type. */
  int reference(int type, int index) throws MalformedImageException {
    return checked(type, word(type, index));
  }

  private int checked(int from, int type) throws MalformedImageException {
    if (type < 0 || type >= count) {
      throw malformed(
          "has type %d, which refers to type %s of %d%s"
              .formatted(
                  from,
                  Integer.toUnsignedString(type),
                  count - 1,
                  from > 0 ? " (the BTF of a module alone cannot be read)" : ""));
    }
    return type;
  }

  String nameOf(int type) throws MalformedImageException {
    return string(type, words[starts[type]]);
  }

  /** Returns the name at the offset in a word after the type's own three. */
  String name(int type, int index) throws MalformedImageException {
    return string(type, word(type, index));
  }

  boolean hasName(int type, byte[] name) {
    int at = words[starts[type]];
    return at > 0
        && at < strings.length - name.length
        && strings[at + name.length] == 0
        && Arrays.equals(strings, at, at + name.length, name, 0, name.length);
  }

  private String string(int type, int offset) throws MalformedImageException {
    if (offset < 0 || offset >= strings.length) {
      throw malformed(
          "has type %d with a name at 0x%x of its strings, which have 0x%x bytes"
              .formatted(type, offset, strings.length));
    }
    int end = offset;
    while (strings[end] != 0) {
      if (end++ - offset == MAX_NAME) {
        throw malformed(
            "has type %d with a name at 0x%x of its strings that is longer than %d bytes"
                .formatted(type, offset, MAX_NAME));
      }
    }
    return new String(strings, offset, end - offset, StandardCharsets.UTF_8);
  }

  MalformedImageException malformed(String what) {
    return new MalformedImageException(where + " " + what);
  }
}
