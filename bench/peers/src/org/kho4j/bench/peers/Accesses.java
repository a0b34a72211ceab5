package org.kho4j.bench.peers;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * Reads and writes of 8 bytes at random places: in a region, and in a plain shared segment. {@code
 * bench/warm} runs the two by turns.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class Accesses {

  private static final long BYTES = 256L << 20;
  private static final long MASK = BYTES / Long.BYTES - 1;

  @Param({"region", "plain"})
  public String memory;

  private final Arena arena = Arena.ofShared();
  private Path directory;
  private WarmStore store;
  private MemorySegment words;
  private long random = 1;

  @Setup(Level.Trial)
  public void open() throws IOException {
    directory = Scratch.create();
    store = WarmStore.open(directory.resolve("store"), WarmOptions.of("bench", 2 * BYTES));
    words =
        memory.equals("region")
            ? store.allocate("words", BYTES).segment()
            : arena.allocate(BYTES, 1 << 21);
    words.fill((byte) 1);
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    store.close();
    arena.close();
    Scratch.delete(directory);
  }

  private long next() {
    random ^= random << 13;
    random ^= random >>> 7;
    random ^= random << 17;
    return random & MASK;
  }

  @Benchmark
  public long read() {
    return words.getAtIndex(JAVA_LONG, next());
  }

  @Benchmark
  public void write() {
    words.setAtIndex(JAVA_LONG, next(), random);
  }
}
