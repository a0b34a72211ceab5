package org.kho4j.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.linux.HugePages;
import org.kho4j.linux.LinuxMemory;
import org.kho4j.memory.Runs;
import org.kho4j.memory.ScatteredView;
import org.kho4j.memory.WritableMemory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Copies a 256 MiB area of scattered pages out: mapped contiguously, beyond that run by run. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class ScatteredCopyBench {

  private static final int AREA = 256 << 20;

  /** Order 0 is 65,536 pages, more than can be mapped; order 2 is 16,384 blocks. */
  @Param({"0", "2"})
  private int order;

  private final Arena arena = Arena.ofShared();
  private WritableMemory ram;
  private ScatteredView view;
  private MemorySegment target;

  @Setup
  public void create() throws IOException {
    ram = LinuxMemory.allocate("bench", 0, 2L * AREA, HugePages.NONE);
    PageAllocator pages =
        PageAllocator.scattering(PageSize.SIZE_4K, List.of(new AddressRange(0, 2L * AREA)), 1);
    long block = PageSize.SIZE_4K.blockBytes(order);
    Runs runs =
        Runs.collect(to -> {
          for (int i = 0; i < AREA / block; i++) {
            to.range(pages.allocate(order), block);
          }
        });
    view = ram.scattered(runs, arena);
    if (view.contiguous().isPresent() != (order == 2)) {
      throw new IllegalStateException("not the view that this measures");
    }
    target = arena.allocate(AREA);
    view.copyFrom(0, target);
  }

  @Benchmark
  public void copyOut() {
    view.copyTo(0, target);
  }

  @TearDown
  public void close() {
    arena.close();
    ram.close();
  }
}
