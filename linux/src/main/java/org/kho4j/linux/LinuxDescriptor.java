package org.kho4j.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * An open file descriptor of this process. Descriptors that this module opens are not inherited by
 * programs that this process starts. Safe to share between threads; after {@link #close} every call
 * throws {@link IllegalStateException}.
 */
public sealed class LinuxDescriptor implements AutoCloseable
    permits LinuxFile, LiveUpdateDevice, LiveUpdateSession, NotifySocket {

  private static final int F_GETFD = 1;
  private static final int F_SETFD = 2;
  private static final int FD_CLOEXEC = 1;

  private final Path path;
  private final int fd;
  // the kernel reuses a number as soon as it is closed, so a close waits for calls under way
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  LinuxDescriptor(Path path, int fd) {
    this.path = path;
    this.fd = fd;
  }

  /**
   * Returns the path of the open file, for messages; of a memory file, {@code memfd:} and a name.
   */
  public final Path path() {
    return path;
  }

  /** Returns the descriptor's number. This object closes the descriptor. */
  public final int descriptor() {
    return fd;
  }

  /** Returns the open file of a descriptor by /proc, as in {@code /memfd:orders (deleted)}. */
  static String target(int fd) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
  }

  /** Returns whether programs that this process starts do not inherit the descriptor. */
  static boolean isClosedOnExec(int fd) {
    return (SystemCalls.fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) != 0;
  }

  /** Keeps programs that this process starts from inheriting the descriptor. */
  final void closeOnExec() throws LinuxException {
    call(() -> "mark " + path + " close-on-exec", () -> SystemCalls.fcntl(fd, F_SETFD, FD_CLOEXEC));
  }

  /** Makes a system call with the descriptor, which stays open until the call returns. */
  final long call(Supplier<String> what, Call call) throws LinuxException {
    return call(what, Map.of(), call);
  }

  /**
   * Makes a system call with the descriptor, which stays open until the call returns.
   *
   * @param causes meaning of an errno for this call; {@link Errno} has a sentence for the others
   */
  final long call(Supplier<String> what, Map<Errno, String> causes, Call call)
      throws LinuxException {
    lock.readLock().lock();
    try {
      checkOpen();
      long result = call.run();
      if (result < 0) {
        throw new LinuxException("cannot " + what.get(), (int) -result, causes);
      }
      return result;
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Makes a system call with this descriptor and another; both stay open until it returns. */
  final long callWith(
      LinuxDescriptor other, Supplier<String> what, Map<Errno, String> causes, Call call)
      throws LinuxException {
    other.lock.readLock().lock();
    try {
      other.checkOpen();
      return call(what, causes, call);
    } finally {
      other.lock.readLock().unlock();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException(path + " is closed");
    }
  }

  final boolean isClosed() {
    lock.readLock().lock();
    try {
      return closed;
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Closes the descriptor. Mappings stay; closing again does nothing. */
  @Override
  public final void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        SystemCalls.close(fd);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** A system call: its result, or a negated errno. */
  @FunctionalInterface
  interface Call {
    long run();
  }
}
