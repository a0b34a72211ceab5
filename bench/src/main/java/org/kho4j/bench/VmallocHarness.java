package org.kho4j.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.linux.LinuxMemory;
import org.kho4j.memory.WritableMemory;

/**
 * One large area from one generation to the next: what each step takes by block, and how much heap
 * all of them do, as rows of {@link BenchmarkRun}. The memory is a sparse file, of which only what
 * describes the area is written. One run is the unit, so that it is no benchmark of JMH. The peer
 * is {@code c/VmallocHarness.c}.
 */
public final class VmallocHarness {

  private static final long MIB = 1 << 20;

  private VmallocHarness() {}

  /**
   * Runs it.
   *
   * @param args a directory for the file (that of temporary files), MiB of the area (65536), order
   *     of its blocks (0), scattered or not (true), how often (1)
   */
  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args.length > 0 ? args[0] : System.getProperty("java.io.tmpdir"));
    long bytes = (args.length > 1 ? Long.parseLong(args[1]) : 65536) * MIB;
    int order = args.length > 2 ? Integer.parseInt(args[2]) : 0;
    boolean scattered = args.length <= 3 || Boolean.parseBoolean(args[3]);
    int rounds = args.length > 4 ? Integer.parseInt(args[4]) : 1;
    for (int round = 0; round < rounds; round++) {
      Path file = Files.createTempDirectory(directory, "vmalloc").resolve("ram");
      try (WritableMemory memory = LinuxMemory.create(file, 0, bytes + bytes / 64 + 64 * MIB)) {
        run(memory, bytes, order, scattered);
      } finally {
        Files.delete(file);
        Files.delete(file.getParent());
      }
    }
    long peak =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .map(MemoryPoolMXBean::getPeakUsage)
            .mapToLong(usage -> usage.getUsed())
            .sum();
    System.out.printf("VmallocHarness.heap %d MiB%n", peak / MIB);
  }

  private static void run(WritableMemory memory, long bytes, int order, boolean scattered) {
    long blocks = bytes / PageSize.SIZE_4K.blockBytes(order);
    Setup setup =
        Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(16 * MIB, 4 * MIB)), "harness");
    Generation first = Generation.first(memory, scattered ? setup.scattered(1) : setup);
    OwnedArea area = timed("vmalloc", blocks, () -> first.vmalloc(bytes, order));
    Descriptor descriptor = timed("preserve", blocks, () -> first.preserve(area));
    BootData boot = first.handOver();
    Generation next = timed("boot", blocks, () -> Generation.boot(memory, boot, setup));
    OwnedArea restored =
        timed("restore", blocks, () -> next.incoming().orElseThrow().restore(descriptor));
    if (restored.runs().count() < 60_000) {
      try (Arena arena = Arena.ofConfined()) {
        timed("map", restored.runs().count(), () -> restored.map(arena));
      }
    }
  }

  private static <T> T timed(String step, long blocks, Supplier<T> work) {
    long start = System.nanoTime();
    T result = work.get();
    double nanos = System.nanoTime() - start;
    System.out.printf("VmallocHarness.%s %.1f ns%n", step, nanos / blocks);
    return result;
  }
}
