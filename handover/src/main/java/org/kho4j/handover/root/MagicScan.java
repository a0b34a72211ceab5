package org.kho4j.handover.root;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;

/** Finds the pages that start with the magic number of a device tree, and pass a closer look. */
final class MagicScan {

  private static final ValueLayout.OfInt MAGIC =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private static final int STEP = PageSize.SIZE_4K.bytes();

  /**
   * Bytes read at once: enough to make the call cheap, little enough to be copied where the source
   * has to.
   */
  private static final int STRETCH = 1 << 16;

  private static final int BATCH_BYTES = 1 << 24;
  private static final int BATCH_RANGES = 1024;

  /** Most pages found: a source with more is made of them, and real memory has a handful. */
  private static final int MAX_FOUND = 1024;

  /**
   * The pages that a scan found.
   *
   * @param addresses of the pages, ascending
   * @param more whether there are more, which were not looked for
   */
  record Found(List<Long> addresses, boolean more) {}

  private final PhysicalMemory memory;
  private final LongPredicate look;
  private final BootSearch boot;
  private final LongConsumer progress;
  private final ConcurrentSkipListSet<Long> found = new ConcurrentSkipListSet<>();
  private final AtomicInteger count = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final ThreadPoolExecutor threads;

  private long[] batch = new long[2 * BATCH_RANGES];
  private int batchSize;
  private long batchBytes;

  private MagicScan(
      PhysicalMemory memory, LongPredicate look, BootSearch boot, LongConsumer progress) {
    this.memory = memory;
    this.look = look;
    this.boot = boot;
    this.progress = progress;
    int cores = Runtime.getRuntime().availableProcessors();
    // The caller works too, whenever the queue is full: that bounds how far it runs ahead.
    threads =
        new ThreadPoolExecutor(
            cores,
            cores,
            1,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(cores),
            new ThreadPoolExecutor.CallerRunsPolicy());
  }

  /**
   * Looks at every page, except pages known to be zeros.
   *
   * @param look accepts a page with the magic number; called by any thread
   * @param boot sees every page as well, and the device trees that {@code look} rejects
   * @param progress receives the number of further bytes scanned, from any thread
   */
  static Found scan(
      PhysicalMemory memory, LongPredicate look, BootSearch boot, LongConsumer progress) {
    MagicScan scan = new MagicScan(memory, look, boot, progress);
    try {
      memory.forEachDataRange(scan::range);
      scan.flush();
    } finally {
      scan.threads.close();
    }
    Throwable failure = scan.failure.get();
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
    List<Long> addresses = scan.found.stream().limit(MAX_FOUND).toList();
    return new Found(addresses, scan.count.get() > MAX_FOUND);
  }

  private void range(long address, long length) {
    long start = address + (-address & (STEP - 1));
    long end = endOfPages(start, address + length);
    while (end - start >= STEP) {
      long bytes = Math.min(end - start, BATCH_BYTES - batchBytes);
      batch[batchSize++] = start;
      batch[batchSize++] = bytes;
      batchBytes += bytes;
      start += bytes + (-bytes & (STEP - 1));
      if (batchSize == batch.length || batchBytes >= BATCH_BYTES) {
        flush();
      }
    }
  }

  /** Returns the end of a run, behind a page whose rest is in the next run or in a hole. */
  private long endOfPages(long start, long end) {
    long last = end & -STEP;
    return last >= start && last < end && memory.contains(last, STEP) ? last + STEP : end;
  }

  private void flush() {
    long[] ranges = batch;
    int size = batchSize;
    long bytes = batchBytes;
    batch = new long[2 * BATCH_RANGES];
    batchSize = 0;
    batchBytes = 0;
    threads.execute(() -> {
      try {
        for (int i = 0; i < size && count.get() <= MAX_FOUND && failure.get() == null; i += 2) {
          scan(ranges[i], ranges[i + 1]);
        }
        progress.accept(bytes);
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
    });
  }

  private void scan(long address, long length) {
    if (memory.isPacked()) {
      int page = Math.max(STEP, memory.source().pageSize().orElse(STEP));
      pageByPage(address, length, page, page - STEP + BootSearch.LOOKED_AT);
      return;
    }
    for (long at = 0; at < length; at += STRETCH) {
      long bytes = Math.min(STRETCH, length - at);
      try {
        look(memory.read(address + at, bytes), address + at);
      } catch (MemoryReadException e) {
        pageByPage(address + at, bytes, STEP, STEP);
      }
    }
  }

  /**
   * Looks at each page by itself.
   *
   * @param page bytes of a page
   * @param lookedAt bytes at its beginning that are read
   */
  private void pageByPage(long address, long length, int page, int lookedAt) {
    for (long at = 0; at + Integer.BYTES <= length; at += page) {
      try {
        look(memory.peek(address + at, Math.min(lookedAt, length - at)), address + at);
      } catch (MemoryReadException e) {
        // A page that cannot be read holds no readable root FDT.
      }
    }
  }

  private void look(MemorySegment bytes, long address) {
    for (long at = 0; at + Integer.BYTES <= bytes.byteSize(); at += STEP) {
      if (at + BootSearch.LOOKED_AT <= bytes.byteSize()) {
        boot.page(bytes, at, address + at);
      }
      if (bytes.get(MAGIC, at) != Fdt.MAGIC) {
        continue;
      }
      if (!look.test(address + at)) {
        boot.tree(address + at);
      } else if (count.getAndIncrement() <= MAX_FOUND) {
        found.add(address + at);
      }
    }
  }
}
