package org.kho4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The memory that {@code sendmsg} reads for one datagram to a Unix socket.
 *
 * <pre>
 * struct msghdr   0 name, 8 namelen (u32), 16 iov, 24 iovlen, 32 control, 40 controllen, 48 flags
 * struct cmsghdr  0 len (u64), 8 level, 12 type, 16 descriptors (u32 each)
 * sockaddr_un     0 family (u16), 2 path
 * </pre>
 */
final class UnixDatagram {

  static final int AF_UNIX = 1;

  /** Bytes of {@code sun_path}, of which a path's last is zero. */
  static final int PATH_BYTES = 108;

  private static final int MSGHDR_BYTES = 56;
  private static final int CMSGHDR_BYTES = 16;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;

  private UnixDatagram() {}

  /**
   * Lays out a datagram.
   *
   * @param socket address of the receiver: a path, or {@code @} and an abstract name
   * @param descriptors descriptors that go with the text
   * @return the msghdr
   */
  static MemorySegment of(Arena arena, String socket, String text, int... descriptors) {
    MemorySegment address = address(arena, socket);
    byte[] bytes = text.getBytes(UTF_8);
    MemorySegment iov = arena.allocate(2L * Long.BYTES, Long.BYTES);
    iov.set(ADDRESS, 0, arena.allocateFrom(JAVA_BYTE, bytes));
    iov.set(JAVA_LONG, Long.BYTES, bytes.length);
    MemorySegment message = arena.allocate(MSGHDR_BYTES, Long.BYTES);
    message.set(ADDRESS, 0, address);
    message.set(JAVA_INT, 8, (int) address.byteSize());
    message.set(ADDRESS, 16, iov);
    message.set(JAVA_LONG, 24, 1);
    if (descriptors.length > 0) {
      MemorySegment control = rights(arena, descriptors);
      message.set(ADDRESS, 32, control);
      message.set(JAVA_LONG, 40, control.byteSize());
    }
    return message;
  }

  private static MemorySegment rights(Arena arena, int[] descriptors) {
    long length = CMSGHDR_BYTES + (long) Integer.BYTES * descriptors.length;
    MemorySegment control = arena.allocate((length + 7) & -8, Long.BYTES);
    control.set(JAVA_LONG, 0, length);
    control.set(JAVA_INT, 8, SOL_SOCKET);
    control.set(JAVA_INT, 12, SCM_RIGHTS);
    MemorySegment.copy(descriptors, 0, control, JAVA_INT, CMSGHDR_BYTES, descriptors.length);
    return control;
  }

  /**
   * Returns a sockaddr_un. An abstract name begins with a zero byte and ends with the structure.
   */
  static MemorySegment address(Arena arena, String socket) {
    boolean isAbstract = socket.startsWith("@");
    byte[] name = socket.getBytes(UTF_8);
    MemorySegment address = arena.allocate(Short.BYTES + name.length + (isAbstract ? 0L : 1L), 8);
    address.set(JAVA_SHORT, 0, (short) AF_UNIX);
    MemorySegment.copy(name, 0, address, JAVA_BYTE, Short.BYTES, name.length);
    if (isAbstract) {
      address.set(JAVA_BYTE, Short.BYTES, (byte) 0);
    }
    return address;
  }
}
