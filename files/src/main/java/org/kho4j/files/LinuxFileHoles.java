package org.kho4j.files;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Asks Linux for the holes of large files, by lseek. Where Linux does not answer, or the JVM denies
 * native access, all of the file is data.
 */
final class LinuxFileHoles implements FileHoles {

  /**
   * Linking to the C library takes a new JVM 25 ms, and the pages of a hole take 1 ms for 4 MiB to
   * read: a part of a file has to be larger than this for lseek to pay.
   */
  static final long MINIMUM = 1L << 30;

  /** The same if the JVM has linked already, and in tmpfs, where reading a hole allocates pages. */
  static final long MINIMUM_IF_CHEAP = 1L << 20;

  private static volatile boolean linked;

  private static final boolean ARM = System.getProperty("os.arch", "").equals("aarch64");
  private static final boolean SUPPORTED =
      System.getProperty("os.name", "").equals("Linux")
          && (ARM || System.getProperty("os.arch", "").equals("amd64"));

  private final long minimum;

  /**
   * A look for holes.
   *
   * @param minimum bytes of a part from which on Linux is asked
   */
  LinuxFileHoles(long minimum) {
    this.minimum = minimum;
  }

  /** Returns the finder of holes for a file that is mapped. */
  static LinuxFileHoles of(Path path) {
    try {
      boolean cheap = linked || Files.getFileStore(path).type().equals("tmpfs");
      return new LinuxFileHoles(cheap ? MINIMUM_IF_CHEAP : MINIMUM);
    } catch (IOException e) {
      return new LinuxFileHoles(MINIMUM); // No mount point is known, as in some containers.
    }
  }

  @Override
  public void forEachData(Path path, long offset, long length, DataVisitor visitor) {
    if (length < minimum || !SUPPORTED) {
      visitor.data(offset, length);
      return;
    }
    long end = offset + length;
    long at = offset;
    try (OpenFile file = new OpenFile(path)) {
      while (at < end) {
        long data = file.seek(at, OpenFile.SEEK_DATA);
        if (data == OpenFile.NO_MORE_DATA || data >= end) {
          return;
        }
        long hole = data < 0 ? data : file.seek(data, OpenFile.SEEK_HOLE);
        if (hole < 0) {
          visitor.data(at, end - at);
          return;
        }
        if (hole > data) { // else the data became a hole meanwhile
          visitor.data(data, Math.min(hole, end) - data);
        }
        at = Math.max(hole, at + 1);
      }
    }
  }

  /**
   * A file that Linux has opened. Its three calls all go through the C library's {@code syscall}: a
   * new JVM links one function. A negative result is a negated errno.
   */
  private static final class OpenFile implements AutoCloseable {

    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;
    static final int NO_MORE_DATA = -6;

    private static final int AT_FDCWD = -100;
    private static final int O_RDONLY_NONBLOCK_CLOEXEC = 0x80800;
    private static final long OPENAT = ARM ? 56 : 257;
    private static final long LSEEK = ARM ? 62 : 8;
    private static final long CLOSE = ARM ? 57 : 3;

    private static final int EPERM = 1;

    /** Null where the JVM denies native access. */
    private static final @Nullable MethodHandle SYSCALL = link();

    private static final long ERRNO =
        Linker.Option.captureStateLayout()
            .byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    static {
      linked = SYSCALL != null;
    }

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
    private final long descriptor;

    OpenFile(Path path) {
      long name = arena.allocateFrom(path.toString()).address();
      descriptor = call(OPENAT, AT_FDCWD, name, O_RDONLY_NONBLOCK_CLOEXEC);
    }

    long seek(long offset, int whence) {
      return descriptor < 0 ? -EPERM : call(LSEEK, descriptor, offset, whence);
    }

    @Override
    public void close() {
      if (descriptor >= 0) {
        call(CLOSE, descriptor, 0, 0);
      }
      arena.close();
    }

    private static @Nullable MethodHandle link() {
      Linker linker = Linker.nativeLinker();
      try {
        return linker.downcallHandle(
            linker.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(
                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                JAVA_LONG),
            Linker.Option.firstVariadicArg(1),
            Linker.Option.captureCallState("errno"));
      } catch (IllegalCallerException denied) {
        return null;
      }
    }

    private long call(long number, long a, long b, long c) {
      if (SYSCALL == null) {
        return -EPERM;
      }
      try {
        long result = (long) SYSCALL.invokeExact(errno, number, a, b, c, 0L, 0L, 0L);
        return result == -1 ? -errno.get(JAVA_INT, ERRNO) : result;
      } catch (RuntimeException | Error thrown) {
        throw thrown;
      } catch (Throwable thrown) {
        throw new AssertionError("a downcall throws nothing checked", thrown);
      }
    }
  }
}
