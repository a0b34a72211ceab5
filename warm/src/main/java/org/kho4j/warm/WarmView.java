package org.kho4j.warm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.kho4j.linux.LinuxFile;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;

/**
 * A read-only view of a store, without its lock. All checks of {@link WarmStore#open} have been
 * made, except those of the process that opens it: the user, the mode of the file, the name, the
 * schema and the page size.
 *
 * @param path of the store
 * @param inUse whether a process has the store open now
 * @param clean whether its last owner closed it; false while it is in use
 * @param size bytes of the store
 * @param freeBytes bytes without a region
 * @param interrupted whether a transaction was in progress
 * @param directory of regions, as of the last commit
 */
public record WarmView(
    Path path,
    boolean inUse,
    boolean clean,
    long size,
    long freeBytes,
    boolean interrupted,
    WarmDirectory directory) {

  /** The first bytes of every store. */
  public static final String MAGIC = StoreLayout.MAGIC;

  /**
   * Most attempts at reading: a commit in progress may change the bytes that are read; two commits
   * in a row hardly ever do.
   */
  private static final int TRIES = 3;

  /** The result of a region's checksum. */
  public record Checked(WarmDirectory.Entry region, Region.Check check) {}

  /**
   * Reads a store.
   *
   * @throws WarmException if it is no store, of another layout, truncated or damaged
   */
  public static WarmView read(Path path) throws IOException {
    for (int tries = 1; ; tries++) {
      boolean inUse = isInUse(path);
      try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
        return of(StoreBytes.of(path, file), isInUse(path));
      } catch (UncheckedIOException e) {
        throw e.getCause();
      } catch (WarmException e) {
        if (e.reason() != WarmException.Reason.DAMAGED
            || tries == TRIES
            || !(inUse || isInUse(path))) {
          throw e;
        }
      }
    }
  }

  /**
   * Reads a store in a memory image, of a machine whose processes are gone.
   *
   * @param memory whose addresses are the offsets in the store
   * @param size of the file that the store is in
   * @throws WarmException if it is no store, of another layout, truncated or damaged, or if the
   *     image does not have all of its metadata
   */
  public static WarmView read(PhysicalMemory memory, long size) {
    return of(StoreBytes.of(memory, size), false);
  }

  private static WarmView of(StoreBytes memory, boolean inUse) {
    StoreContent content = StoreContent.read(memory);
    return new WarmView(
        memory.path(),
        inUse,
        memory.get(StoreLayout.STATE_AT) == StoreLayout.CLEAN,
        memory.size(),
        content.free().bytes(),
        content.isInterrupted(),
        content.directory());
  }

  /** Returns whether a store begins at an address: whether the memory there has {@link #MAGIC}. */
  public static boolean beginsAt(PhysicalMemory memory, long address) {
    try {
      byte[] first = memory.read(address, MAGIC.length()).toArray(ValueLayout.JAVA_BYTE);
      return Arrays.equals(first, MAGIC.getBytes(StandardCharsets.US_ASCII));
    } catch (MemoryReadException e) {
      return false;
    }
  }

  /**
   * Compares the content of every region with its checksum.
   *
   * @return the regions in the directory's order; those of a store that is not clean are {@link
   *     Region.Check#UNKNOWN}
   */
  public List<Checked> verify() throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      return verify(StoreBytes.of(path, file));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * Compares the content of every region with its checksum, in the memory that the store was read
   * from.
   *
   * @throws MemoryReadException if the image does not have all of a region
   */
  public List<Checked> verify(PhysicalMemory memory) {
    return verify(StoreBytes.of(memory, size));
  }

  /**
   * Compares the content of a region with its checksum, in the memory that the store was read from.
   *
   * @throws MemoryReadException if the image does not have all of the region
   */
  public Region.Check check(PhysicalMemory memory, WarmDirectory.Entry region) {
    return check(StoreBytes.of(memory, size), region);
  }

  private List<Checked> verify(StoreBytes memory) {
    return directory.regions().stream()
        .map(region -> new Checked(region, check(memory, region)))
        .toList();
  }

  private Region.Check check(StoreBytes memory, WarmDirectory.Entry region) {
    if (!clean || region.checksum().isEmpty()) {
      return Region.Check.UNKNOWN;
    }
    return memory.checksum(region) == region.checksum().getAsInt()
        ? Region.Check.MATCH
        : Region.Check.MISMATCH;
  }

  private static boolean isInUse(Path path) throws IOException {
    try (LinuxFile file = LinuxFile.openToRead(path)) {
      return file.isLocked();
    }
  }
}
