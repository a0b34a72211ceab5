package org.kho4j.bench;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Allocate and free in 64 GiB of 4K pages. Peer: {@code bench/c/PageAllocatorBench.c}, same names.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PageAllocatorBench {

  private static final long BYTES = 64L << 30;
  private static final int PAGES = 1 << 20;

  private PageAllocator allocator;
  private PageAllocator scattering;
  private long[] taken;
  private int[] shuffled;

  @Setup
  public void create() {
    List<AddressRange> ranges = List.of(new AddressRange(0, BYTES));
    allocator = new PageAllocator(PageSize.SIZE_4K, ranges);
    scattering = PageAllocator.scattering(PageSize.SIZE_4K, ranges, 1);
    taken = new long[PAGES];
    shuffled = new int[PAGES];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < PAGES; i++) {
      int j = random.nextInt(i + 1);
      shuffled[i] = shuffled[j];
      shuffled[j] = i;
    }
  }

  /** One page, split off all the way and merged back all the way. */
  @Benchmark
  public long pageFromWholeMemory() {
    long page = allocator.allocate(0);
    allocator.free(page, 0);
    return page;
  }

  /** 4 GiB page by page, freed in the same order. */
  @Benchmark
  @OperationsPerInvocation(PAGES)
  public void pagesInOrder() {
    for (int i = 0; i < PAGES; i++) {
      taken[i] = allocator.allocate(0);
    }
    for (int i = 0; i < PAGES; i++) {
      allocator.free(taken[i], 0);
    }
  }

  /** 4 GiB page by page, freed in random order. */
  @Benchmark
  @OperationsPerInvocation(PAGES)
  public void pagesAtRandom() {
    for (int i = 0; i < PAGES; i++) {
      taken[i] = allocator.allocate(0);
    }
    for (int i = 0; i < PAGES; i++) {
      allocator.free(taken[shuffled[i]], 0);
    }
  }

  /** 32 GiB of 2 MiB blocks. */
  @Benchmark
  @OperationsPerInvocation(PAGES >> 6)
  public void hugePages() {
    for (int i = 0; i < PAGES >> 6; i++) {
      taken[i] = allocator.allocate(9);
    }
    for (int i = 0; i < PAGES >> 6; i++) {
      allocator.free(taken[i], 9);
    }
  }

  /** 4 GiB of pages from places all over 64 GiB. No peer: no kernel does that on purpose. */
  @Benchmark
  @OperationsPerInvocation(PAGES)
  public void scatteredPages() {
    for (int i = 0; i < PAGES; i++) {
      taken[i] = scattering.allocate(0);
    }
    for (int i = 0; i < PAGES; i++) {
      scattering.free(taken[i], 0);
    }
  }
}
