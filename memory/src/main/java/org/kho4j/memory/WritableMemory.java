package org.kho4j.memory;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.kho4j.files.MalformedImageException;

/**
 * Physical memory that can be written: one range of addresses, mapped once. A write is visible at
 * once in every slice of the memory, and in every process that maps the same file. As safe to share
 * between threads as memory is.
 *
 * <p>All of the range is present; bytes that were never written read as zeros.
 */
public final class WritableMemory implements PhysicalMemory {

  private static final FileAttribute<?>[] NONE = {};
  private static final FileAttribute<?>[] OWNER_ONLY = {
    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
  };

  private final MemorySource source;
  private final MemorySegment mapping;
  private final long base;
  private final long end;
  private final Arena arena;
  private final Stitcher stitcher;

  private WritableMemory(
      MemorySource source, MemorySegment mapping, long base, Arena arena, Stitcher stitcher) {
    this.source = source;
    this.mapping = mapping;
    this.base = base;
    this.end = base + mapping.byteSize();
    this.arena = arena;
    this.stitcher = stitcher;
  }

  /**
   * Creates a RAM file: sparse, all zeros, readable and writable by its owner only.
   *
   * @param base physical address of its first byte
   * @param size its size in bytes, at least 1
   * @throws java.nio.file.FileAlreadyExistsException if there is a file, or a symbolic link, of
   *     that name
   * @throws IOException if it cannot be created or mapped; then there is no such file
   */
  public static WritableMemory create(Path path, long base, long size) throws IOException {
    checkRange(path.toString(), base, size);
    boolean posix = path.getFileSystem().supportedFileAttributeViews().contains("posix");
    try (FileChannel channel =
        FileChannel.open(
            path,
            Set.of(CREATE_NEW, SPARSE, READ, WRITE, NOFOLLOW_LINKS),
            posix ? OWNER_ONLY : NONE)) {
      try {
        return map(path, channel, base, size);
      } catch (IOException | RuntimeException | OutOfMemoryError e) {
        Files.deleteIfExists(path);
        throw e;
      }
    }
  }

  /**
   * Opens a RAM file for writing.
   *
   * @param base physical address of its first byte
   * @throws java.nio.file.NoSuchFileException if there is no such file
   * @throws MalformedImageException if it is empty, or not a regular file
   * @throws IOException if it cannot be mapped, or {@code path} is a symbolic link
   */
  public static WritableMemory open(Path path, long base) throws IOException {
    if (Files.exists(path, NOFOLLOW_LINKS) && !Files.isRegularFile(path, NOFOLLOW_LINKS)) {
      throw new MalformedImageException(
          path + " is not a regular file: memory is written through no link and to no device");
    }
    try (FileChannel channel = FileChannel.open(path, Set.of(READ, WRITE, NOFOLLOW_LINKS))) {
      long size = channel.size();
      if (size == 0) {
        throw new MalformedImageException(path + " is empty");
      }
      checkRange(path.toString(), base, size);
      return map(path, channel, base, size);
    }
  }

  @SuppressWarnings("MustBeClosed")
  private static WritableMemory map(Path path, FileChannel channel, long base, long size)
      throws IOException {
    Arena arena = Arena.ofShared();
    try {
      // mapping a file for writing grows it to the mapping's size, without allocating blocks
      return over(
          path,
          channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena),
          base,
          arena,
          Stitcher.NONE);
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Allocates memory that only this process has, and that ends with it: zeros, all of them
   * committed.
   *
   * @param base physical address of its first byte
   * @param size its size in bytes, at least 1
   */
  @SuppressWarnings("MustBeClosed")
  public static WritableMemory allocate(long base, long size) {
    checkRange("arena", base, size);
    Arena arena = Arena.ofShared();
    return over(Path.of("arena"), arena.allocate(size, 1 << 16), base, arena, Stitcher.NONE);
  }

  /**
   * Creates memory over an existing mapping.
   *
   * @param path of the mapped file, for messages
   * @param mapping the memory; it lives as long as {@code arena}
   * @param base physical address of the mapping's first byte
   * @param arena of the mapping, which {@link #close} closes
   * @param stitcher maps scattered runs of this memory
   */
  public static WritableMemory over(
      Path path, MemorySegment mapping, long base, Arena arena, Stitcher stitcher) {
    checkRange(path.toString(), base, mapping.byteSize());
    MemorySource source =
        new MemorySource(
            path,
            MemorySource.Kind.RAW,
            mapping.byteSize(),
            MemorySource.Machine.UNKNOWN,
            OptionalInt.empty());
    return new WritableMemory(source, mapping, base, arena, stitcher);
  }

  /**
   * Checks that memory can have a range of addresses.
   *
   * @param name of the memory, for the message
   * @throws IllegalArgumentException if it is empty, or does not end before 2^63
   */
  public static void checkRange(String name, long base, long size) {
    if (base < 0 || size <= 0 || base + size < 0) {
      throw new IllegalArgumentException(
          "%s: %d bytes at 0x%x: memory has at least 1 byte and ends before 2^63"
              .formatted(name, size, base));
    }
  }

  /** Returns the physical address of the first byte. */
  public long base() {
    return base;
  }

  /** Returns the bytes of memory, from {@link #base} on. */
  public long size() {
    return end - base;
  }

  @Override
  public MemorySource source() {
    return source;
  }

  /**
   * Returns the memory from {@code address} on, for writing. Always zero-copy.
   *
   * @param length bytes, at least 1
   * @throws AbsentMemoryException if any of the bytes is not in this memory; it names the first
   * @throws IllegalStateException if the memory is closed
   */
  public MemorySegment writable(long address, long length) {
    check(address, length);
    return mapping.asSlice(address - base, length);
  }

  /** {@inheritDoc} Always zero-copy, of any length. */
  @Override
  public MemorySegment read(long address, long length) {
    return writable(address, length).asReadOnly();
  }

  @Override
  public boolean contains(long address, long length) {
    checkOpen();
    return length == 0
        || (length > 0 && address >= base && address < end && length <= end - address);
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    checkOpen();
    visitor.range(base, size());
  }

  /**
   * Returns scattered memory as one area: contiguous if the host can map it so, otherwise run by
   * run.
   *
   * @param runs the area's memory, in the area's order
   * @param arena frees what was mapped for it; the view is good for as long as both the arena and
   *     this memory are open
   * @throws AbsentMemoryException if any run is not all in this memory
   * @throws IllegalStateException if the memory is closed
   */
  public ScatteredView scattered(Runs runs, Arena arena) {
    checkOpen();
    for (int run = 0; run < runs.count(); run++) {
      check(runs.address(run), runs.length(run));
    }
    if (runs.count() == 1) {
      return new ContiguousView(mapping.asSlice(runs.address(0) - base, runs.size()));
    }
    Optional<MemorySegment> stitched = stitcher.stitch(runs, arena);
    return stitched.isPresent()
        ? new ContiguousView(stitched.get())
        : new RunwiseView(mapping, base, runs);
  }

  @Override
  public void close() {
    synchronized (arena) {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }

  private void check(long address, long length) {
    if (length <= 0) {
      throw new IllegalArgumentException(
          "0x%x: asked for %d bytes, at least 1 can be".formatted(address, length));
    }
    if (!contains(address, length)) {
      long absent = address < base || address >= end ? address : end;
      throw new AbsentMemoryException(
          absent,
          "0x%x is not in %s, which has 0x%x to 0x%x"
              .formatted(absent, source.path(), base, end - 1));
    }
    checkOpen();
  }

  private void checkOpen() {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException(source.path() + " is closed");
    }
  }
}
