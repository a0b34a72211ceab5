package org.kho4j.handover.content;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.kho4j.files.Zeros;
import org.kho4j.memory.FileExtent;

/**
 * Writes to a channel on threads of its own, a few stretches behind the caller. An error is thrown
 * by a later call.
 */
final class WriteBehind implements AutoCloseable {

  /** Most bytes of a stretch. */
  static final int MOST = 1 << 18;

  /** File systems leave out whole blocks; a block is of this size or smaller. */
  static final int BLOCK = 4096;

  /**
   * A file takes one writer at a time. The other writer meanwhile copies its pieces together, and
   * writes them out of its core's cache: two such writers are faster than the kernel's copy.
   */
  private static final int WRITERS = 2;

  /** Bytes that wait, at most: enough to keep the writers busy while the caller is not awake. */
  private static final long MOST_WAITING = 8 << 20;

  private final FileChannel channel;
  private final boolean sparse;
  private final ExecutorService writers =
      Executors.newFixedThreadPool(
          WRITERS, Thread.ofPlatform().daemon().name("kho-write-", 1).factory());
  private final ThreadLocal<MemorySegment> buffers =
      ThreadLocal.withInitial(() -> MemorySegment.ofBuffer(ByteBuffer.allocateDirect(MOST)));
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private long waiting;
  private long written;

  /** Held while the position of the channel counts. */
  private final Object position = new Object();

  /**
   * A stretch that is not known to be written.
   *
   * @param written number of its bytes that were
   */
  private record Pending(long size, Future<Long> written) {}

  /**
   * A writer.
   *
   * @param sparse whether to leave blocks of zeros out
   */
  WriteBehind(FileChannel channel, boolean sparse) {
    this.channel = channel;
    this.sparse = sparse;
  }

  /**
   * Queues a stretch of the file for writing. Its bytes must not change until they are written.
   *
   * @param pieces that adjoin in the file, together at most {@link #MOST} bytes
   */
  void write(List<MemorySegment> pieces, long offset) throws IOException {
    long size = pieces.stream().mapToLong(MemorySegment::byteSize).sum();
    submit(
        size,
        () -> {
          MemorySegment joined = join(pieces);
          return forEachPart(
              joined, (at, length) -> write(joined.asSlice(at, length), offset + at));
        });
  }

  /** Copies pieces together: a system call for each page would take longer. */
  private MemorySegment join(List<MemorySegment> pieces) {
    MemorySegment joined = buffers.get();
    long size = 0;
    for (MemorySegment piece : pieces) {
      MemorySegment.copy(piece, 0, joined, size, piece.byteSize());
      size += piece.byteSize();
    }
    return joined.asSlice(0, size);
  }

  /** Takes a part of a stretch. */
  @FunctionalInterface
  private interface PartVisitor {
    void part(long at, long length) throws IOException;
  }

  /**
   * Visits what is to be written of some bytes: all, or of a sparse file all but the blocks of
   * zeros.
   *
   * @return the number of these bytes
   */
  private long forEachPart(MemorySegment bytes, PartVisitor visitor) throws IOException {
    long size = bytes.byteSize();
    long zeros = 0;
    long start = 0;
    for (long at = 0; sparse && at < size; at += BLOCK) {
      long length = Math.min(BLOCK, size - at);
      if (isZero(bytes, at, length)) {
        if (at > start) {
          visitor.part(start, at - start);
        }
        start = at + length;
        zeros += length;
      }
    }
    if (start < size) {
      visitor.part(start, size - start);
    }
    return size - zeros;
  }

  private static boolean isZero(MemorySegment bytes, long at, long length) {
    return bytes.get(ValueLayout.JAVA_BYTE, at) == 0
        && Zeros.end(bytes.asSlice(at, length)) == length;
  }

  private void write(MemorySegment bytes, long offset) throws IOException {
    ByteBuffer buffer = bytes.asByteBuffer();
    while (buffer.hasRemaining()) {
      channel.write(buffer, offset + buffer.position());
    }
  }

  /**
   * Queues a copy, made by the kernel.
   *
   * @param bytes that {@code source} has as well
   */
  void copy(MemorySegment bytes, FileExtent source, long offset) throws IOException {
    submit(
        bytes.byteSize(),
        () -> forEachPart(bytes, (at, length) -> copy(source, at, length, offset + at)));
  }

  private void copy(FileExtent source, long from, long length, long offset) throws IOException {
    // The kernel writes at the channel's position.
    synchronized (position) {
      channel.position(offset);
      for (long done = 0; done < length; ) {
        long more =
            source.channel().transferTo(source.position() + from + done, length - done, channel);
        if (more <= 0) {
          throw new IOException("the source became shorter while it was read");
        }
        done += more;
      }
    }
  }

  /** Writes a byte of zero now. */
  void writeByte(long offset) throws IOException {
    write(MemorySegment.ofArray(new byte[1]), offset);
    written++;
  }

  /** Returns the bytes that are known to be written: all of them after {@link #drain}. */
  long written() {
    return written;
  }

  private void submit(long size, Callable<Long> stretch) throws IOException {
    while (!pending.isEmpty() && waiting + size > MOST_WAITING) {
      awaitFirst();
    }
    waiting += size;
    pending.addLast(new Pending(size, writers.submit(stretch)));
  }

  /** Waits until everything is written. */
  void drain() throws IOException {
    while (!pending.isEmpty()) {
      awaitFirst();
    }
  }

  private void awaitFirst() throws IOException {
    try {
      Pending first = pending.removeFirst();
      waiting -= first.size();
      written += first.written().get();
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
    pending.forEach(stretch -> stretch.written().cancel(false));
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
