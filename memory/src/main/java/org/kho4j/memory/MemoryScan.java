package org.kho4j.memory;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Reads all of a memory once, on all cores, in stretches that a visitor looks at. */
public final class MemoryScan {

  /** Takes a stretch of memory; called by any thread. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * Looks at a stretch.
     *
     * @param bytes at most 64 KiB
     * @param address physical address of the first byte, a multiple of {@link #STEP}
     * @return whether the scan goes on
     */
    boolean look(MemorySegment bytes, long address);
  }

  /** The smallest page of any machine: stretches begin at a multiple of it. */
  public static final int STEP = 4096;

  /**
   * Bytes read at once: enough to make the call cheap, little enough to be copied where the source
   * has to.
   */
  private static final int STRETCH = 1 << 16;

  private static final int BATCH_BYTES = 1 << 24;
  private static final int BATCH_RANGES = 1024;

  private final PhysicalMemory memory;
  private final Visitor visitor;
  private final LongConsumer progress;
  private volatile boolean stopped;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final ThreadPoolExecutor threads;

  private long[] batch = new long[2 * BATCH_RANGES];
  private int batchSize;
  private long batchBytes;

  private MemoryScan(PhysicalMemory memory, Visitor visitor, LongConsumer progress) {
    this.memory = memory;
    this.visitor = visitor;
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
   * Reads the memory, without those pages that are known to be zeros and those that cannot be read.
   *
   * @param progress told how many more bytes were looked at, by any thread
   */
  public static void scan(PhysicalMemory memory, Visitor visitor, LongConsumer progress) {
    MemoryScan scan = new MemoryScan(memory, visitor, progress);
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
  }

  private void range(long address, long length) {
    long end = address + length;
    long start = address + (-address & (STEP - 1));
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

  private void flush() {
    long[] ranges = batch;
    int size = batchSize;
    long bytes = batchBytes;
    batch = new long[2 * BATCH_RANGES];
    batchSize = 0;
    batchBytes = 0;
    threads.execute(() -> {
      try {
        for (int i = 0; i < size && !stopped && failure.get() == null; i += 2) {
          scan(ranges[i], ranges[i + 1]);
        }
        progress.accept(bytes);
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
    });
  }

  private void scan(long address, long length) {
    for (long at = 0; at < length && !stopped; at += STRETCH) {
      long bytes = Math.min(STRETCH, length - at);
      if (!look(address + at, bytes)) {
        // Some page of the stretch cannot be read: look at the others.
        for (long page = at; page < at + bytes; page += STEP) {
          look(address + page, Math.min(STEP, at + bytes - page));
        }
      }
    }
  }

  /** Whether the bytes can be read; shows them to the visitor then. */
  private boolean look(long address, long length) {
    MemorySegment bytes;
    try {
      bytes = memory.read(address, length);
    } catch (MemoryReadException e) {
      return false;
    }
    if (!visitor.look(bytes, address)) {
      stopped = true;
    }
    return true;
  }
}
