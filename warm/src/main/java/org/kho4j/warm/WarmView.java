package org.kho4j.warm;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.linux.LinuxFile;
import org.kho4j.memory.Stitcher;
import org.kho4j.memory.WritableMemory;

/**
 * A store as a reader sees it: read without its lock, and without a change. Whatever {@link
 * WarmStore#open} checks has been checked.
 *
 * @param path of the store
 * @param inUse whether a process has it open right now
 * @param clean whether its last owner closed it; false while it is in use
 * @param size bytes of the store
 * @param freeBytes bytes that no region has
 * @param interrupted whether a transaction was under way
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

  /** A commit that is under way changes what is being read; two in a row hardly ever. */
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
      try (Arena arena = Arena.ofShared()) {
        return read(path, arena);
      } catch (WarmException e) {
        if (e.reason() != WarmException.Reason.DAMAGED || tries == TRIES || !isInUse(path)) {
          throw e;
        }
      }
    }
  }

  private static WarmView read(Path path, Arena arena) throws IOException {
    StoreMemory memory = map(path, arena);
    boolean inUse = isInUse(path);
    StoreContent content = StoreContent.read(memory);
    return new WarmView(
        path,
        inUse,
        memory.get(StoreLayout.STATE_AT) == StoreLayout.CLEAN,
        memory.size(),
        content.free().bytes(),
        content.log().isPending(),
        content.directory());
  }

  /**
   * Compares the content of every region with its checksum.
   *
   * @return the regions in the directory's order; those of a store that is not clean are {@link
   *     Region.Check#UNKNOWN}
   */
  public List<Checked> verify() throws IOException {
    List<Checked> checked = new ArrayList<>();
    try (Arena arena = Arena.ofShared()) {
      StoreMemory memory = map(path, arena);
      for (WarmDirectory.Entry region : directory.regions()) {
        checked.add(new Checked(region, check(memory, region)));
      }
    }
    return checked;
  }

  private Region.Check check(StoreMemory memory, WarmDirectory.Entry region) {
    if (!clean || region.checksum().isEmpty()) {
      return Region.Check.UNKNOWN;
    }
    return checksum(memory, region) == region.checksum().getAsInt()
        ? Region.Check.MATCH
        : Region.Check.MISMATCH;
  }

  /** CRC-32C of a region's content. */
  static int checksum(StoreMemory memory, WarmDirectory.Entry region) {
    CRC32C crc = new CRC32C();
    long left = region.bytes();
    for (AddressRange extent : region.extents()) {
      long length = Math.min(left, extent.length());
      for (long at = 0; at < length; at += 1 << 30) {
        long part = Math.min(1 << 30, length - at);
        crc.update(memory.read(extent.address() + at, part).asByteBuffer());
      }
      left -= length;
    }
    return (int) crc.getValue();
  }

  private static StoreMemory map(Path path, Arena arena) throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      if (file.size() < WarmStore.MIN_SIZE) {
        throw new WarmException(
            WarmException.Reason.FOREIGN,
            "%s has %d bytes; a store has at least %d"
                .formatted(path, file.size(), WarmStore.MIN_SIZE));
      }
      MemorySegment bytes = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
      return new StoreMemory(WritableMemory.over(path, bytes, 0, arena, Stitcher.NONE));
    }
  }

  private static boolean isInUse(Path path) throws IOException {
    try (LinuxFile file = LinuxFile.openToRead(path)) {
      return file.isLocked();
    }
  }
}
