package org.kho4j.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The system calls that the module makes. A negative result is a negated errno. */
final class SystemCalls {

  static final int O_RDWR = 2;
  static final int O_CLOEXEC = 0x80000;

  private static final int AT_FDCWD = -100;

  private SystemCalls() {}

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

  /** Calls fcntl, whose argument is a number or the address of a structure. */
  static int fcntl(int fd, int command, long argument) {
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

  /** Calls statx for an open file into {@code target}, whose layout is the same on all machines. */
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

  static int fstatfs(int fd, MemorySegment target) {
    return (int) SystemCall.FSTATFS.call(fd, target.address(), 0);
  }

  static int ioctl(int fd, long request, MemorySegment argument) {
    return (int) SystemCall.IOCTL.call(fd, request, argument.address());
  }

  static int socket(int domain, int type) {
    return (int) SystemCall.SOCKET.call(domain, type, 0);
  }

  static int setsockopt(int fd, int level, int option, MemorySegment value) {
    return (int)
        SystemCall.SETSOCKOPT.call(fd, level, option, value.address(), value.byteSize(), 0);
  }

  static long sendmsg(int fd, MemorySegment message, int flags) {
    return SystemCall.SENDMSG.call(fd, message.address(), flags);
  }

  /** Creates a pipe, whose two descriptors go to {@code target}: first the read end. */
  static int pipe(MemorySegment target, int flags) {
    return (int) SystemCall.PIPE2.call(target.address(), flags, 0);
  }

  /** Waits for events on {@code count} descriptors, at most for the time in the timespec. */
  static int poll(MemorySegment descriptors, int count, MemorySegment timespec) {
    return (int) SystemCall.PPOLL.call(descriptors.address(), count, timespec.address(), 0, 0, 0);
  }

  static int effectiveUser() {
    return (int) SystemCall.GETEUID.call(0, 0, 0);
  }

  static int pidfdOpen(int pid) {
    return (int) SystemCall.PIDFD_OPEN.call(pid, 0, 0);
  }
}
