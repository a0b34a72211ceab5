package org.kho4j.handover.content;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.kho4j.memory.FileExtent;

/**
 * Writes to a channel on threads of its own, a few stretches behind the caller. An error is thrown
 * by a later call.
 */
final class WriteBehind implements AutoCloseable {

  /** Most bytes of a stretch of several pieces. */
  static final int MOST = 1 << 18;

  /**
   * A file takes one writer at a time. The other writer meanwhile copies its pieces together, and
   * writes them out of its core's cache.
   */
  private static final int WRITERS = 2;

  /** Bytes that wait, at most: enough to keep the writers busy while the caller is not awake. */
  private static final long MOST_WAITING = 8 << 20;

  private final FileChannel channel;
  private final ExecutorService writers =
      Executors.newFixedThreadPool(
          WRITERS, Thread.ofPlatform().daemon().name("kho-write-", 1).factory());
  private final ThreadLocal<ByteBuffer> buffers =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(MOST));
  private final ArrayDeque<Future<Long>> pending = new ArrayDeque<>();
  private long waiting;

  /** Held while the position of the channel counts. */
  private final Object position = new Object();

  WriteBehind(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Queues a stretch of the file for writing. Its bytes must not change until they are written.
   *
   * @param pieces that follow one another in the file; several have {@link #MOST} bytes together
   */
  void write(List<MemorySegment> pieces, long offset) throws IOException {
    long size = pieces.stream().mapToLong(MemorySegment::byteSize).sum();
    submit(
        size,
        () -> {
          ByteBuffer bytes = pieces.size() == 1 ? pieces.getFirst().asByteBuffer() : join(pieces);
          long position = offset;
          while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
          }
        });
  }

  /** Queues a copy, made by the kernel, of bytes of another file. */
  void copy(FileExtent source, long length, long offset) throws IOException {
    submit(
        MOST,
        () -> {
          // The kernel writes at the channel's position.
          synchronized (position) {
            channel.position(offset);
            for (long done = 0; done < length; ) {
              long more =
                  source.channel().transferTo(source.position() + done, length - done, channel);
              if (more <= 0) {
                throw new IOException("the source became shorter while it was read");
              }
              done += more;
            }
          }
        });
  }

  private void submit(long size, Write write) throws IOException {
    while (!pending.isEmpty() && waiting + size > MOST_WAITING) {
      awaitFirst();
    }
    waiting += size;
    pending.addLast(
        writers.submit(() -> {
          write.run();
          return size;
        }));
  }

  /** A stretch to write. */
  @FunctionalInterface
  private interface Write {
    void run() throws IOException;
  }

  /** Copies small pieces together: a system call for each page would take longer. */
  private ByteBuffer join(List<MemorySegment> pieces) {
    MemorySegment joined = MemorySegment.ofBuffer(buffers.get().clear());
    long size = 0;
    for (MemorySegment piece : pieces) {
      MemorySegment.copy(piece, 0, joined, size, piece.byteSize());
      size += piece.byteSize();
    }
    return buffers.get().limit((int) size);
  }

  /** Waits until everything is written. */
  void drain() throws IOException {
    while (!pending.isEmpty()) {
      awaitFirst();
    }
  }

  private void awaitFirst() throws IOException {
    try {
      waiting -= pending.removeFirst().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while it was written");
    }
  }

  /**
   * Drops the waiting stretches, and waits for those that are being written. An interrupt does not
   * reach the writers: it would close the channels of the source, which others read.
   */
  @Override
  public void close() {
    pending.forEach(stretch -> stretch.cancel(false));
    writers.shutdown();
    boolean interrupted = false;
    while (!writers.isTerminated()) {
      try {
        writers.awaitTermination(1, TimeUnit.DAYS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
