package org.kho4j.bench.peers;

import java.io.IOException;
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

/** A commit of the directory of regions, p50 and p99; once in a new JVM, too. */
@State(Scope.Benchmark)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Commits {

  @Param({"2", "1000"})
  public int regions;

  @Param({"1", "64"})
  public int gibibytes;

  private Path directory;
  private WarmStore store;

  @Setup(Level.Trial)
  public void open() throws IOException {
    directory = Scratch.create();
    long size = (long) gibibytes << 30;
    store =
        WarmStore.open(
            directory.resolve("store"), WarmOptions.of("bench", size).withoutReserving());
    for (int i = 0; i < regions; i++) {
      store.allocate("region" + i, size / 2 / regions & -4096L);
    }
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    store.close();
    Scratch.delete(directory);
  }

  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  @Warmup(iterations = 3, time = 2)
  @Measurement(iterations = 5, time = 2)
  @Fork(2)
  public void commit() {
    store.commit();
  }

  @Benchmark
  @BenchmarkMode(Mode.SingleShotTime)
  @Warmup(iterations = 0)
  @Measurement(iterations = 1)
  @Fork(10)
  public void firstCommitOfAJvm() {
    store.commit();
  }
}
