package org.kho4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The other end of a {@link NotifySocket}: a Unix datagram socket, by the C library's own
 * functions, so that sender and receiver have no code in common.
 */
final class NotifyReceiver implements AutoCloseable {

  private static final MethodHandle SOCKET = function("socket", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle BIND = function("bind", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle RECVMSG = function("recvmsg", JAVA_INT, ADDRESS, JAVA_INT);

  private final int fd;

  record Message(String text, List<LinuxFile> files) {}

  /** Binds the address: a path, or {@code @} and an abstract name. */
  NotifyReceiver(String address) {
    fd = call(SOCKET, 1, 2, 0);
    try (Arena arena = Arena.ofConfined()) {
      byte[] name = address.getBytes(UTF_8);
      MemorySegment sockaddr = arena.allocate(2 + name.length);
      sockaddr.set(JAVA_BYTE, 0, (byte) 1);
      MemorySegment.copy(name, 0, sockaddr, JAVA_BYTE, 2, name.length);
      if (address.startsWith("@")) {
        sockaddr.set(JAVA_BYTE, 2, (byte) 0);
      }
      call(BIND, fd, sockaddr, (int) sockaddr.byteSize());
    }
  }

  /** Waits for the next datagram. */
  Message receive() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(4096);
      MemorySegment iov = arena.allocate(16, 8);
      iov.set(ADDRESS, 0, text);
      iov.set(JAVA_LONG, 8, text.byteSize());
      MemorySegment control = arena.allocate(256, 8);
      MemorySegment header = arena.allocate(56, 8);
      header.set(ADDRESS, 16, iov);
      header.set(JAVA_LONG, 24, 1);
      header.set(ADDRESS, 32, control);
      header.set(JAVA_LONG, 40, control.byteSize());
      int length = call(RECVMSG, fd, header, 0);

      List<LinuxFile> files = new ArrayList<>();
      if (header.get(JAVA_LONG, 40) > 0) {
        long descriptors = (control.get(JAVA_LONG, 0) - 16) / 4;
        for (long i = 0; i < descriptors; i++) {
          files.add(LinuxFile.adopt(Path.of("received " + i), control.get(JAVA_INT, 16 + 4 * i)));
        }
      }
      return new Message(new String(text.asSlice(0, length).toArray(JAVA_BYTE), UTF_8), files);
    }
  }

  @Override
  public void close() {
    SystemCalls.close(fd);
  }

  private static MethodHandle function(String name, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow(name),
            FunctionDescriptor.of(JAVA_INT, arguments));
  }

  private static int call(MethodHandle function, Object... arguments) {
    try {
      int result = (int) function.invokeWithArguments(arguments);
      if (result < 0) {
        throw new AssertionError("a call of the receiver failed");
      }
      return result;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }
}
