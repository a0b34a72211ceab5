package org.kho4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.WritableMemory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The preserved map of 1 TiB in 4K pages, walked into runs: 32 MiB of leaves. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class MapWalk implements InputFiles {

  @Param({"full", "alternating", "random", "holes"})
  public String variant;

  private WritableMemory memory;
  private PreservedMap map;
  private final RunTotal total = new RunTotal();

  @Override
  public void writeTo(Path directory) throws IOException {
    for (MapImage.Variant each : MapImage.Variant.values()) {
      MapImage.write(directory.resolve(each.fileName()), each);
    }
  }

  @Setup
  public void open() throws IOException {
    MapImage.Variant chosen = MapImage.Variant.valueOf(variant.toUpperCase(Locale.ROOT));
    memory = WritableMemory.open(InputFiles.directory().resolve(chosen.fileName()), 0);
    map =
        Handovers.of(memory, List.of(RootSearch.at(memory, MapImage.ROOT_FDT)), PageSize.SIZE_4K)
            .getFirst()
            .preservedMap();
  }

  @TearDown
  public void close() {
    memory.close();
  }

  /** The only visitor that the JVM ever sees, which the compiler puts into the loop. */
  @Benchmark
  public long inlined() {
    map.forEachRun(total.visitor());
    return total.result();
  }

  /** One of several visitors, called through the interface, as in a program that has them. */
  @Benchmark
  public long called() {
    map.forEachRun(total.someVisitor());
    return total.result();
  }

  /** Blocks counted by order, on all cores. */
  @Benchmark
  public MapSummary summary() {
    return map.summary();
  }
}
