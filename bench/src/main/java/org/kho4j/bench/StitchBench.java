package org.kho4j.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.linux.HugePages;
import org.kho4j.linux.LinuxMemory;
import org.kho4j.memory.Runs;
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

/**
 * Maps an area of scattered blocks contiguously, and unmaps it. Peer: {@code
 * bench/c/StitchBench.c}. The memory behind it is sparse: cost must not depend on bytes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class StitchBench {

  private static final long BYTES = 64L << 30;

  /** Order of the blocks, and how many of them. */
  @Param({"9x512", "9x8192", "0x512", "0x8192", "0x30000"})
  private String area;

  private WritableMemory ram;
  private Runs runs;

  @Setup
  public void create() throws IOException {
    ram = LinuxMemory.allocate("bench", 0, BYTES, HugePages.NONE);
    int x = area.indexOf('x');
    int order = Integer.parseInt(area.substring(0, x));
    int count = Integer.parseInt(area.substring(x + 1));
    PageAllocator pages =
        PageAllocator.scattering(
            PageSize.SIZE_4K, java.util.List.of(new AddressRange(0, BYTES)), 1);
    runs =
        Runs.collect(to -> {
          for (int i = 0; i < count; i++) {
            to.range(pages.allocate(order), PageSize.SIZE_4K.blockBytes(order));
          }
        });
  }

  @Benchmark
  public long attachAndDetach() {
    try (Arena arena = Arena.ofConfined()) {
      return ram.scattered(runs, arena).contiguous().orElseThrow().byteSize();
    }
  }

  @TearDown
  public void close() {
    ram.close();
  }
}
