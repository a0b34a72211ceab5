package org.kho4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The search for root FDTs in a raw file of 2 GiB in the page cache, on all cores. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class Search implements InputFiles {

  private PhysicalMemory memory;

  @Override
  public void writeTo(Path directory) throws IOException {
    SearchImage.write(directory.resolve("search-2g.ram"), 2L << 30, 1L << 30, true);
    SearchImage.write(directory.resolve("search-64g.ram"), 64L << 30, 32L << 30, false);
  }

  @Setup
  public void open() throws IOException {
    memory =
        MemoryImages.open(InputFiles.directory().resolve("search-2g.ram"), OpenOptions.DEFAULT);
  }

  @TearDown
  public void close() {
    memory.close();
  }

  @Benchmark
  public RootSearch search() {
    return RootSearch.search(memory, bytes -> {});
  }
}
