package org.kho4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The argument of LUO's ioctls. Each begins with its size, by which a kernel recognizes old
 * callers.
 *
 * <pre>
 * session     0 size (u32), 4 fd (u32, out), 8 name (64 bytes)
 * descriptor  0 size (u32), 4 fd (u32, in or out), 8 token (u64)
 * finish      0 size (u32), 4 reserved (u32)
 * name        0 size (u32), 4 reserved (u32), 8 name (64 bytes, out)
 * </pre>
 */
record LiveUpdateArgument(MemorySegment bytes) {

  private static final int FD = 4;
  private static final int PAYLOAD = 8;
  private static final int NAME_BYTES = 64;

  static LiveUpdateArgument session(Arena arena, String name) {
    LiveUpdateArgument argument = ofSize(arena, PAYLOAD + NAME_BYTES);
    argument.bytes.setString(PAYLOAD, name);
    return argument;
  }

  static LiveUpdateArgument descriptor(Arena arena, int fd, long token) {
    LiveUpdateArgument argument = ofSize(arena, PAYLOAD + Long.BYTES);
    argument.bytes.set(JAVA_INT, FD, fd);
    argument.bytes.set(JAVA_LONG, PAYLOAD, token);
    return argument;
  }

  static LiveUpdateArgument finish(Arena arena) {
    return ofSize(arena, PAYLOAD);
  }

  static LiveUpdateArgument name(Arena arena) {
    return ofSize(arena, PAYLOAD + NAME_BYTES);
  }

  private static LiveUpdateArgument ofSize(Arena arena, int size) {
    MemorySegment bytes = arena.allocate(size, Long.BYTES);
    bytes.set(JAVA_INT, 0, size);
    return new LiveUpdateArgument(bytes);
  }

  /** Returns the descriptor that the kernel returned. */
  int descriptor() {
    return bytes.get(JAVA_INT, FD);
  }

  /** Returns the name that the kernel returned. */
  String name() {
    return bytes.getString(PAYLOAD);
  }

  static int bytesOf(String name) {
    return name.getBytes(UTF_8).length;
  }
}
