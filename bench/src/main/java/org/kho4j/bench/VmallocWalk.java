package org.kho4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.Where;
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

/** The page list of a vmalloc area of 64 GiB, walked into runs: 134 MB of chunks. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class VmallocWalk implements InputFiles {

  @Param({"scattered", "mixed", "adjacent"})
  public String variant;

  private final RunTotal total = new RunTotal();
  private WritableMemory memory;
  private PreservedArea area;

  @Override
  public void writeTo(Path directory) throws IOException {
    for (VmallocImage.Variant each : VmallocImage.Variant.values()) {
      VmallocImage.write(directory.resolve(each.fileName()), each);
    }
  }

  @Setup
  public void open() throws IOException {
    VmallocImage.Variant chosen = VmallocImage.Variant.valueOf(variant.toUpperCase(Locale.ROOT));
    memory = WritableMemory.open(InputFiles.directory().resolve(chosen.fileName()), 0);
    HandoverMemory pages = new HandoverMemory(memory, PageSize.SIZE_4K);
    area =
        PreservedArea.of(
            pages,
            Descriptor.of(pages.view(Where.ROOT, VmallocImage.DESCRIPTOR, KhoVmalloc.STRUCTURE)));
  }

  @TearDown
  public void close() {
    memory.close();
  }

  /** The only visitor that the JVM ever sees, which the compiler puts into the loop. */
  @Benchmark
  public long inlined() {
    area.forEachRun(total.visitor());
    return total.result();
  }

  /** One of several visitors, called through the interface, as in a program that has them. */
  @Benchmark
  public long called() {
    area.forEachRun(total.someVisitor());
    return total.result();
  }
}
