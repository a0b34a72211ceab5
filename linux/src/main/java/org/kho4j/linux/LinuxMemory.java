package org.kho4j.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.WritableMemory;

/**
 * Writable memory whose scattered areas become contiguous: one mapping of the whole file, and
 * further ones of its parts.
 */
public final class LinuxMemory {

  private static final long HUGE_PAGE = 2L << 20;

  private LinuxMemory() {}

  /**
   * Creates a RAM file: sparse, all zeros, for its owner only, never through a symbolic link.
   *
   * @param base physical address of its first byte
   * @param size its size in bytes, at least 1
   * @throws LinuxException EEXIST if there is a file or a link of that name
   * @throws IOException if it cannot be mapped; then there is no such file
   */
  public static WritableMemory create(Path path, long base, long size) throws IOException {
    WritableMemory.checkRange(path.toString(), base, size);
    LinuxFile file = LinuxFile.create(path, size);
    try {
      return map(file, base, HugePages.NONE);
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(path);
      throw e;
    }
  }

  /**
   * Opens a RAM file for writing, never through a symbolic link.
   *
   * @param base physical address of its first byte
   * @throws LinuxException ELOOP if it is a link, EINVAL if it is not a regular file
   * @throws MalformedImageException if it is empty
   */
  public static WritableMemory open(Path path, long base) throws IOException {
    return map(LinuxFile.open(path), base);
  }

  /**
   * Allocates memory in a memory file (memfd), which can be passed to other processes.
   *
   * @param name name of the file in /proc
   * @param base physical address of its first byte
   * @param size its size in bytes, at least 1
   */
  public static WritableMemory allocate(String name, long base, long size, HugePages hugePages)
      throws IOException {
    WritableMemory.checkRange(name, base, size);
    return map(LinuxFile.memory(name, size, hugePages), base, hugePages);
  }

  /**
   * Maps all of an open file. The memory closes the file when it is closed, and at once if this
   * fails.
   *
   * @param base physical address of the file's first byte
   */
  public static WritableMemory map(LinuxFile file, long base) throws IOException {
    return map(file, base, HugePages.NONE);
  }

  @SuppressWarnings("MustBeClosed")
  private static WritableMemory map(LinuxFile file, long base, HugePages hugePages)
      throws IOException {
    Arena arena = Arena.ofShared();
    try {
      long size = file.size();
      if (size == 0) {
        throw new MalformedImageException(file.path() + " is empty");
      }
      WritableMemory.checkRange(file.path().toString(), base, size);
      MemorySegment mapping = mapWhole(file, size, arena, hugePages);
      return WritableMemory.over(
          file.path(), mapping, base, arena, new FileStitcher(file, base, ExtentBudget.PROCESS));
    } catch (IOException | RuntimeException e) {
      arena.close();
      file.close();
      throw e;
    }
  }

  private static MemorySegment mapWhole(LinuxFile file, long size, Arena arena, HugePages hugePages)
      throws IOException {
    long alignment = hugePages == HugePages.POOL_1G ? 1L << 30 : HUGE_PAGE;
    long page = Linux.pageSize();
    long length = (size + page - 1) & -page;
    long address = Mappings.reserve(length, size >= HUGE_PAGE ? alignment : page);
    try {
      file.mapAt(address, 0, length);
      if (hugePages == HugePages.TRANSPARENT) {
        Mappings.preferHugePages(address, length);
      }
      return MemorySegment.ofAddress(address)
          .reinterpret(
              size,
              arena,
              _ -> {
                Mappings.unmap(address, length);
                file.close();
              });
    } catch (LinuxException | RuntimeException e) {
      Mappings.unmap(address, length);
      throw e;
    }
  }
}
