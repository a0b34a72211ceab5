package org.kho4j.fdt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Names as they stand in a blob: UTF-8 with a NUL behind it. */
final class FdtName {

  private FdtName() {}

  /**
   * Returns the bytes of a name, its NUL included.
   *
   * @throws IllegalArgumentException if {@link Fdt#read} would not accept the name
   */
  static byte[] encode(String name) {
    if (name.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("the name \"%s\" has control characters".formatted(name));
    }
    ByteBuffer bytes;
    try {
      bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(
          "the name \"%s\" cannot be written in UTF-8".formatted(name), e);
    }
    if (bytes.remaining() > Fdt.MAX_NAME_LENGTH) {
      throw new IllegalArgumentException(
          "the name \"%s\" has %d bytes, more than %d"
              .formatted(name, bytes.remaining(), Fdt.MAX_NAME_LENGTH));
    }
    byte[] terminated = new byte[bytes.remaining() + 1];
    bytes.get(terminated, 0, bytes.remaining());
    return terminated;
  }

  static byte[] encodeNonEmpty(String name, String owner) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a %s needs a name".formatted(owner));
    }
    return encode(name);
  }

  static boolean standsAt(MemorySegment blob, long offset, byte[] name) {
    if (offset + name.length > blob.byteSize()) {
      return false;
    }
    for (int i = 0; i < name.length; i++) {
      if (blob.get(ValueLayout.JAVA_BYTE, offset + i) != name[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Returns the first place in a strings block where the name stands, be it as the tail of another,
   * as libfdt looks for it: exact bytes need the same place.
   *
   * @return from the strings block's start; -1 if it stands nowhere
   */
  static long find(MemorySegment strings, byte[] name) {
    for (long at = 0; at + name.length <= strings.byteSize(); at++) {
      if (standsAt(strings, at, name)) {
        return at;
      }
    }
    return -1;
  }
}
