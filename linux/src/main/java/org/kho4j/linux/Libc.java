package org.kho4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;

/** The C library's functions, linked on first use. A negative result is a negated errno. */
final class Libc {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final ThreadLocal<MemorySegment> ERRNO_OF_THREAD =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));
  private static final int SC_PAGESIZE = 30;

  private Libc() {}

  static int pageSize() {
    Linux.checkSupported();
    try {
      return (int) (long) Sysconf.HANDLE.invokeExact(SC_PAGESIZE);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static int open(String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno(
          (int) Open.HANDLE.invokeExact(errno, arena.allocateFrom(path), flags, mode), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static int memfdCreate(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno(
          (int) MemfdCreate.HANDLE.invokeExact(errno, arena.allocateFrom(name), flags), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static int fcntl(int fd, int command, int argument) {
    try {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno((int) Fcntl.HANDLE.invokeExact(errno, fd, command, argument), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static int ftruncate(int fd, long length) {
    try {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno((int) Ftruncate.HANDLE.invokeExact(errno, fd, length), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static int fallocate(int fd, int mode, long offset, long length) {
    try {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno((int) Fallocate.HANDLE.invokeExact(errno, fd, mode, offset, length), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static long lseek(int fd, long offset, int whence) {
    try {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno((long) Lseek.HANDLE.invokeExact(errno, fd, offset, whence), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** statx of an open file into {@code target}, whose layout is the same on all machines. */
  static int statx(int fd, int flags, int mask, MemorySegment target) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno(
          (int) Statx.HANDLE.invokeExact(errno, fd, arena.allocateFrom(""), flags, mask, target),
          errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static int close(int fd) {
    try {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno((int) Close.HANDLE.invokeExact(errno, fd), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    try {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno(
          (long) Mmap.HANDLE.invokeExact(errno, address, length, protection, flags, fd, offset),
          errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static int munmap(long address, long length) {
    try {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno((int) Munmap.HANDLE.invokeExact(errno, address, length), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static int madvise(long address, long length, int advice) {
    try {
      MemorySegment errno = ERRNO_OF_THREAD.get();
      return orErrno((int) Madvise.HANDLE.invokeExact(errno, address, length, advice), errno);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static int orErrno(int result, MemorySegment errno) {
    return result == -1 ? -(int) ERRNO.get(errno, 0L) : result;
  }

  private static long orErrno(long result, MemorySegment errno) {
    return result == -1 ? -(int) ERRNO.get(errno, 0L) : result;
  }

  private static RuntimeException unexpected(Throwable thrown) {
    return switch (thrown) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> throw new AssertionError("a downcall throws nothing checked", thrown);
    };
  }

  private static MethodHandle link(String name, FunctionDescriptor type, Linker.Option... options) {
    List<Linker.Option> all = new ArrayList<>(List.of(options));
    all.add(Linker.Option.captureCallState("errno"));
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name), type, all.toArray(Linker.Option[]::new));
  }

  // One holder a function: linking one takes milliseconds, and few programs need them all.

  private static final class Sysconf {
    static final MethodHandle HANDLE =
        LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("sysconf"),
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
  }

  private static final class Open {
    static final MethodHandle HANDLE =
        link(
            "open",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
            Linker.Option.firstVariadicArg(2));
  }

  private static final class MemfdCreate {
    static final MethodHandle HANDLE =
        link("memfd_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  }

  private static final class Fcntl {
    static final MethodHandle HANDLE =
        link(
            "fcntl",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
            Linker.Option.firstVariadicArg(2));
  }

  private static final class Ftruncate {
    static final MethodHandle HANDLE =
        link("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
  }

  private static final class Fallocate {
    static final MethodHandle HANDLE =
        link(
            "fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  }

  private static final class Lseek {
    static final MethodHandle HANDLE =
        link("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
  }

  private static final class Statx {
    static final MethodHandle HANDLE =
        link(
            "statx",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
  }

  private static final class Close {
    static final MethodHandle HANDLE = link("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  }

  private static final class Mmap {
    static final MethodHandle HANDLE =
        link(
            "mmap",
            FunctionDescriptor.of(
                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  }

  private static final class Munmap {
    static final MethodHandle HANDLE =
        link("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
  }

  private static final class Madvise {
    static final MethodHandle HANDLE =
        link("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
  }
}
