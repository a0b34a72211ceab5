package org.kho4j.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The kernel, by the calls that the module makes. A negative result is a negated errno. */
final class Kernel {

  private static final int AT_FDCWD = -100;

  private Kernel() {}

  static int open(String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(path).address();
      return (int) SystemCall.OPENAT.call(AT_FDCWD, name, flags, mode, 0, 0);
    }
  }

  static int memfdCreate(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) SystemCall.MEMFD_CREATE.call(arena.allocateFrom(name).address(), flags, 0);
    }
  }

  static int fcntl(int fd, int command, int argument) {
    return (int) SystemCall.FCNTL.call(fd, command, argument);
  }

  static int ftruncate(int fd, long length) {
    return (int) SystemCall.FTRUNCATE.call(fd, length, 0);
  }

  static int fallocate(int fd, int mode, long offset, long length) {
    return (int) SystemCall.FALLOCATE.call(fd, mode, offset, length, 0, 0);
  }

  static long lseek(int fd, long offset, int whence) {
    return SystemCall.LSEEK.call(fd, offset, whence);
  }

  /** statx of an open file into {@code target}, whose layout is the same on all machines. */
  static int statx(int fd, int flags, int mask, MemorySegment target) {
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom("").address();
      return (int) SystemCall.STATX.call(fd, name, flags, mask, target.address(), 0);
    }
  }

  static int close(int fd) {
    return (int) SystemCall.CLOSE.call(fd, 0, 0);
  }

  static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    return SystemCall.MMAP.call(address, length, protection, flags, fd, offset);
  }

  static int munmap(long address, long length) {
    return (int) SystemCall.MUNMAP.call(address, length, 0);
  }

  static int madvise(long address, long length, int advice) {
    return (int) SystemCall.MADVISE.call(address, length, advice);
  }
}
