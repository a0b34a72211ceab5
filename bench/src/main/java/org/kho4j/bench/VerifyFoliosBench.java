package org.kho4j.bench;

import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.kho4j.handover.Handover;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
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
 * Every rule over a handover of 134 million folio records, from the walk of the map on. Peer:
 * {@code bench/c/VerifyFoliosBench.c}, which has the records, and a bitmap of what is preserved,
 * ready in memory.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3)
@Measurement(iterations = 7)
public class VerifyFoliosBench {

  @Param({"inOrder", "scattered"})
  private String pages;

  private final Arena arena = Arena.ofShared();
  private Handover handover;

  @Setup(Level.Trial)
  public void create() {
    handover = new LargeGuest(arena, pages.equals("scattered")).handover();
  }

  @Benchmark
  @Fork(
      value = 1,
      jvmArgsAppend = {"-Xmx512m", "-Djava.util.concurrent.ForkJoinPool.common.parallelism=1"})
  public Checked oneThread() {
    return verify();
  }

  @Benchmark
  @Fork(value = 1, jvmArgsAppend = "-Xmx512m")
  public Checked allCores() {
    return verify();
  }

  private Checked verify() {
    Checked checked =
        Verifier.verify(
            handover,
            Verifier.Options.ALL,
            finding -> {
              throw new IllegalStateException(finding.toString());
            });
    if (checked.counts().getOrDefault("folios", 0L) != LargeGuest.RECORDS) {
      throw new IllegalStateException("not the folios that this measures");
    }
    return checked;
  }

  @TearDown
  public void close() {
    arena.close();
  }
}
