package org.kho4j.files;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * A file mapped as a whole, read-only, until it is closed.
 *
 * <p>The file should not shrink while it is mapped: a read of what is no longer there ends in the
 * JVM's {@link InternalError}.
 */
public final class MappedFile implements AutoCloseable {

  /** A larger file is unmapped by all cores: one core takes 25 ms for each GiB that was read. */
  private static final long LARGE = 1L << 30;

  private static final long HUGE_PAGE = 2L << 20;

  private final Path path;
  private final Arena arena;
  private final MemorySegment bytes;
  private final FileChannel channel;
  private final FileHoles holes;
  private final AtomicBoolean closed = new AtomicBoolean();

  private MappedFile(
      Path path, Arena arena, MemorySegment bytes, FileChannel channel, FileHoles holes) {
    this.path = path;
    this.arena = arena;
    this.bytes = bytes;
    this.channel = channel;
    this.holes = holes;
  }

  /**
   * Maps a regular file.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws MalformedImageException if it is not a regular file, or empty
   * @throws IOException if it cannot be opened or mapped
   */
  public static MappedFile open(Path path) throws IOException {
    // Checked before the file is opened: opening a FIFO would wait for a writer.
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new MalformedImageException(path + " is not a regular file");
    }
    return map(
        path,
        FileChannel.open(path, StandardOpenOption.READ),
        new LinuxFileHoles(LinuxFileHoles.MINIMUM));
  }

  /**
   * Maps what a channel is open on, and takes the channel over: it is closed with the mapping, or
   * where that cannot be made.
   *
   * @param path the name to use in messages
   * @param holes finds the holes of the file
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with this
  public static MappedFile map(Path path, FileChannel channel, FileHoles holes) throws IOException {
    Arena arena = Arena.ofShared();
    try {
      long size = channel.size();
      if (size == 0) {
        throw new MalformedImageException(path + " is empty: no memory image has 0 bytes");
      }
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      return new MappedFile(path, arena, bytes, channel, holes);
    } catch (IOException | RuntimeException e) {
      arena.close();
      channel.close();
      throw e;
    }
  }

  /** The file's name, as the caller gave it. */
  public Path path() {
    return path;
  }

  /** What the file was mapped from, open as long as the mapping, for the kernel to copy from. */
  public FileChannel channel() {
    return channel;
  }

  /** All bytes of the file. */
  public MemorySegment bytes() {
    return bytes;
  }

  /**
   * Visits the parts of the file that may hold data, ascending: all of it but the holes, where they
   * are known.
   *
   * @param offset first byte of the part to look at
   * @param length bytes to look at, at least 1
   */
  public void forEachData(long offset, long length, FileHoles.DataVisitor visitor) {
    holes.forEachData(path, offset, length, visitor);
  }

  /** Size in bytes. */
  public long size() {
    return bytes.byteSize();
  }

  /** Off-heap memory that lives as long as the mapping; 8-byte aligned, zeroed. */
  public MemorySegment allocate(long length) {
    return arena.allocate(length, Long.BYTES);
  }

  /**
   * Checks that so many bytes can be read at once.
   *
   * @throws IllegalArgumentException if they are below 1 or above {@link Integer#MAX_VALUE}
   * @throws IllegalStateException if the file is closed
   */
  public void requireReadable(long length) {
    if (length < 1 || length > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a read of " + length + " bytes: from 1 to " + Integer.MAX_VALUE + " can be asked for");
    }
    requireOpen();
  }

  /** Throws the {@link IllegalStateException} that names the file, if it is closed. */
  public void requireOpen() {
    if (closed.get()) {
      throw new IllegalStateException(path + " is closed");
    }
  }

  /** What to throw for the exception of a mapping that was closed while it was read. */
  public IllegalStateException explain(IllegalStateException thrown) {
    return closed.get() ? new IllegalStateException(path + " is closed", thrown) : thrown;
  }

  /**
   * Unmaps. Threads that are reading get an {@link IllegalStateException}; a transfer of mapped
   * bytes by the operating system that is under way (a channel's write) is waited for.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    if (bytes.byteSize() > LARGE) {
      unload();
    }
    while (arena.scope().isAlive()) {
      try {
        arena.close();
      } catch (IllegalStateException inTransfer) {
        LockSupport.parkNanos(50_000);
      }
    }
    try {
      channel.close();
    } catch (IOException e) {
      // It was only read.
    }
  }

  /** Lets go of the pages that were read, so that little is left to unmap. */
  private void unload() {
    int cores = Runtime.getRuntime().availableProcessors();
    long part = Math.ceilDiv(bytes.byteSize(), cores * HUGE_PAGE) * HUGE_PAGE;
    try (ExecutorService threads = Executors.newFixedThreadPool(cores)) {
      for (long at = 0; at < bytes.byteSize(); at += part) {
        MemorySegment slice = bytes.asSlice(at, Math.min(part, bytes.byteSize() - at));
        threads.execute(() -> unload(slice));
      }
    }
  }

  private static void unload(MemorySegment part) {
    try {
      part.unload();
    } catch (Exception e) {
      // /proc/vmcore: the kernel refuses it (EINVAL) for memory that it has no pages of.
    }
  }
}
