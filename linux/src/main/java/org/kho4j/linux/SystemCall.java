package org.kho4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Linux's system calls, by their numbers on x86-64 and on arm64. All go through the C library's
 * {@code syscall}: a new JVM links one function, not ten, each of which takes milliseconds.
 */
enum SystemCall {
  OPENAT(257, 56),
  MEMFD_CREATE(319, 279),
  FCNTL(72, 25),
  FTRUNCATE(77, 46),
  FALLOCATE(285, 47),
  LSEEK(8, 62),
  STATX(332, 291),
  CLOSE(3, 57),
  MMAP(9, 222),
  MUNMAP(11, 215),
  MADVISE(28, 233),
  IOCTL(16, 29),
  SOCKET(41, 198),
  SETSOCKOPT(54, 208),
  SENDMSG(46, 211),
  PIPE2(293, 59),
  PPOLL(271, 73),
  FSTATFS(138, 44),
  GETEUID(107, 175),
  PIDFD_OPEN(434, 434);

  private static final MethodHandle SYSCALL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
              FunctionDescriptor.of(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG),
              Linker.Option.firstVariadicArg(1),
              Linker.Option.captureCallState("errno"));

  /** An offset: a handle for the path would be made in every new JVM. */
  private static final long ERRNO =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private static final ThreadLocal<MemorySegment> ERRNO_OF_THREAD =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

  private final long number;

  SystemCall(int x86, int arm) {
    this.number = Linux.isArm() ? arm : x86;
  }

  /** Makes the system call; a negative result is a negated errno. Unused arguments are 0. */
  long call(long a, long b, long c, long d, long e, long f) {
    MemorySegment errno = ERRNO_OF_THREAD.get();
    try {
      long result = (long) SYSCALL.invokeExact(errno, number, a, b, c, d, e, f);
      return result == -1 ? -errno.get(JAVA_INT, ERRNO) : result;
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new AssertionError("a downcall throws nothing checked", thrown);
    }
  }

  /** Makes a system call with up to three arguments. */
  long call(long a, long b, long c) {
    return call(a, b, c, 0, 0, 0);
  }
}
