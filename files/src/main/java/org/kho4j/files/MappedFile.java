package org.kho4j.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A read-only file: mapped as a whole until it is closed, or, on another machine, read by ranges.
 *
 * <p>The file should not shrink while it is mapped: a read of what is no longer there ends in the
 * JVM's {@link InternalError}.
 */
public final class MappedFile implements AutoCloseable {

  /** A larger file is unmapped by all cores: one core takes 25 ms for each GiB that was read. */
  private static final long LARGE = 1L << 30;

  private static final long HUGE_PAGE = 2L << 20;

  /** Bytes that are looked at once where a file is read by ranges. */
  private static final long PIECE = 1 << 16;

  /** Bytes at the start of a remote image that have its headers. */
  private static final long HEAD = 16L << 20;

  private final Path path;
  private final Arena arena;
  private final MemorySegment bytes;
  private final @Nullable FileChannel channel;
  private final FileHoles holes;
  private final @Nullable RangeCache ranges;
  private final AtomicBoolean closed = new AtomicBoolean();

  private MappedFile(
      Path path,
      Arena arena,
      MemorySegment bytes,
      @Nullable FileChannel channel,
      FileHoles holes,
      @Nullable RangeCache ranges) {
    this.path = path;
    this.arena = arena;
    this.bytes = bytes;
    this.channel = channel;
    this.holes = holes;
    this.ranges = ranges;
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
    FileHoles holes = LinuxFileHoles.of(path);
    return map(path, FileChannel.open(path, StandardOpenOption.READ), holes);
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
      MemorySegment bytes = map(path, channel, size, arena);
      return new MappedFile(path, arena, bytes, channel, holes, null);
    } catch (IOException | RuntimeException e) {
      arena.close();
      channel.close();
      throw e;
    }
  }

  private static MemorySegment map(Path path, FileChannel channel, long size, Arena arena)
      throws IOException {
    try {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
    } catch (IOException e) {
      throw e.getCause() instanceof OutOfMemoryError
          ? new IOException(
              "%s: no address space for %d bytes; 'ulimit -v' may limit it".formatted(path, size),
              e)
          : e;
    }
  }

  /**
   * Bytes that are elsewhere, read range by range: {@link #bytes} has the first 16 MiB of them, and
   * {@link #slice} all. Takes the reader over: it is closed with this, or where this cannot be
   * made.
   *
   * @param path the name to use in messages
   * @throws IOException if the first bytes cannot be read
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with this
  public static MappedFile ranged(Path path, RangeReader reader) throws IOException {
    try {
      RangeCache ranges = new RangeCache(reader);
      Arena arena = Arena.ofShared();
      MemorySegment head = ranges.slice(0, Math.min(HEAD, ranges.size()));
      return new MappedFile(path, arena, head, null, FileHoles.NONE, ranges);
    } catch (UncheckedIOException e) {
      reader.close();
      throw e.getCause();
    } catch (RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  /** Returns the file's name, as the caller gave it. */
  public Path path() {
    return path;
  }

  /**
   * Returns the channel of the mapped file, open as long as the mapping, for the kernel to copy
   * from; empty for a remote file.
   */
  public Optional<FileChannel> channel() {
    return Optional.ofNullable(channel);
  }

  /** All bytes of a mapped file, the first ones of one that is elsewhere. */
  public MemorySegment bytes() {
    return bytes;
  }

  /**
   * Some of the bytes, read-only. Of a file that is elsewhere they are a copy, so a caller bounds
   * the length before it asks.
   *
   * @throws IndexOutOfBoundsException if they are not all inside of {@link #size}
   * @throws java.io.UncheckedIOException if the file is elsewhere and cannot be read
   */
  public MemorySegment slice(long offset, long length) {
    return ranges == null ? bytes.asSlice(offset, length) : ranges.slice(offset, length);
  }

  /** Bytes that were read of a file that is elsewhere; 0 for a mapped one. */
  public long readBytes() {
    return ranges == null ? 0 : ranges.readBytes();
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

  /** Returns the offset of the first byte from {@code offset} on that is not zero, or the size. */
  public long firstNonZero(long offset) {
    long[] found = {size()};
    if (offset < size()) {
      forEachData(
          offset,
          size() - offset,
          (start, length) -> {
            for (long at = start; at < Math.min(found[0], start + length); at += PIECE) {
              long here = Math.min(PIECE, start + length - at);
              long zeros = Zeros.end(slice(at, here));
              if (zeros < here) {
                found[0] = at + zeros;
              }
            }
          });
    }
    return found[0];
  }

  /** Size in bytes. */
  public long size() {
    return ranges == null ? bytes.byteSize() : ranges.size();
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

  /** Returns the exception for a mapping that was closed while it was read. */
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
      if (channel != null) {
        channel.close();
      }
      if (ranges != null) {
        ranges.close();
      }
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
