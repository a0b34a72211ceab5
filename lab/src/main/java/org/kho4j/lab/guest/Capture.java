package org.kho4j.lab.guest;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.memory.PhysicalMemory;

/**
 * The small form of a guest's memory, fit for test resources: flat RAM in which every page is zero
 * that belongs to no handover, compressed with zstd.
 */
final class Capture {

  private static final int STRETCH = 1 << 20;

  private Capture() {}

  /** Writes {@code path} with {@code .zst} behind it. */
  static void write(PhysicalMemory memory, long base, Path path)
      throws IOException, InterruptedException {
    List<Handover> handovers = Handovers.find(memory);
    Files.createDirectories(path.toAbsolutePath().getParent());
    try (FileChannel file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      Copy copy = new Copy(memory, file, base);
      for (Handover handover : handovers) {
        long page = handover.pageSize().bytes();
        copy.range(handover.root().address(), page);
        if (handover.isMapIntact()) {
          handover.preservedMap().forEachNode((address, level, key) -> copy.range(address, page));
          handover.preservedMap().forEachRun((order, address, bytes) -> copy.range(address, bytes));
        }
      }
    }
    Process zstd =
        new ProcessBuilder("zstd", "-q", "-f", "-19", "--rm", path.toString()).inheritIO().start();
    if (zstd.waitFor() != 0) {
      throw new LabFailure("zstd cannot compress " + path);
    }
  }

  private record Copy(PhysicalMemory memory, FileChannel file, long base) {

    void range(long address, long bytes) {
      try {
        for (long at = address; at < address + bytes; at += STRETCH) {
          long length = Math.min(STRETCH, address + bytes - at);
          var stretch = memory.read(at, length).asByteBuffer();
          while (stretch.hasRemaining()) {
            file.write(stretch, at - base + stretch.position());
          }
        }
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
