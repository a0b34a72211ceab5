package org.kho4j.lab.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.memory.PhysicalMemory;

/**
 * The small form of a guest's memory, fit for test resources: an ELF core of the pages that belong
 * to a handover and of nothing else, compressed with zstd.
 */
final class Capture {

  private static final int STRETCH = 1 << 20;
  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int ALIGNMENT = 4096;
  private static final int LOAD = 1;
  private static final int CORE = 4;

  private final PhysicalMemory memory;
  private final TreeMap<Long, Long> runs = new TreeMap<>();

  private Capture(PhysicalMemory memory) {
    this.memory = memory;
  }

  /** Writes {@code path} with {@code .elf.zst} behind it. */
  static void write(Run run, PhysicalMemory memory, Path path) throws IOException {
    Capture capture = new Capture(memory);
    for (Handover handover : Handovers.find(memory)) {
      long page = handover.pageSize().bytes();
      capture.add(handover.root().address(), page);
      if (handover.hasMap()) {
        handover.preservedMap().forEachNode((address, level, key) -> capture.add(address, page));
        handover.preservedMap().forEachRun((order, address, bytes) -> capture.add(address, bytes));
      }
    }
    Path core = path.resolveSibling(path.getFileName() + ".elf");
    Files.createDirectories(path.toAbsolutePath().getParent());
    capture.writeCore(run.kernel().arch(), core);
    run.program("zstd", List.of("zstd", "-q", "-f", "-19", "--rm", core.toString()));
  }

  /** Adds memory; what was added before may overlap with it or touch it. */
  private void add(long address, long bytes) {
    long start = address;
    long end = address + bytes;
    Map.Entry<Long, Long> before = runs.floorEntry(start);
    if (before != null && before.getValue() >= start) {
      start = before.getKey();
      end = Math.max(end, before.getValue());
    }
    Map<Long, Long> covered = runs.subMap(start, true, end, true);
    for (long other : covered.values()) {
      end = Math.max(end, other);
    }
    covered.clear();
    runs.put(start, end);
  }

  private void writeCore(Arch arch, Path path) throws IOException {
    ByteBuffer head =
        ByteBuffer.allocate(HEADER + PROGRAM_HEADER * runs.size()).order(ByteOrder.LITTLE_ENDIAN);
    head.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
    head.putShort((short) CORE).putShort((short) arch.elfMachine()).putInt(1);
    head.putLong(0).putLong(HEADER).putLong(0).putInt(0);
    head.putShort((short) HEADER).putShort((short) PROGRAM_HEADER).putShort((short) runs.size());
    head.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    long data = -Math.floorDiv(-head.capacity(), ALIGNMENT) * (long) ALIGNMENT;
    long at = data;
    for (var run : runs.entrySet()) {
      long bytes = run.getValue() - run.getKey();
      head.putInt(LOAD).putInt(0).putLong(at).putLong(0).putLong(run.getKey());
      head.putLong(bytes).putLong(bytes).putLong(0);
      at += bytes;
    }
    try (FileChannel file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      file.write(head.flip());
      file.position(data);
      runs.forEach((start, end) -> copy(file, start, end));
    }
  }

  private void copy(FileChannel file, long start, long end) {
    try {
      for (long at = start; at < end; at += STRETCH) {
        ByteBuffer stretch = memory.read(at, Math.min(STRETCH, end - at)).asByteBuffer();
        while (stretch.hasRemaining()) {
          file.write(stretch);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
