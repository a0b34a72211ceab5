package org.kho4j.handover;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Writes to a channel on a thread of its own, in order, a few pieces behind the caller. An error is
 * thrown by a later call.
 */
final class WriteBehind implements AutoCloseable {

  /** Pieces that wait, of 1 MiB at most: enough to keep the writer busy. */
  private static final int DEPTH = 6;

  private static final int BUFFER_BYTES = 1 << 18;

  private final FileChannel channel;
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("kho-write").factory());
  private final ArrayDeque<Future<?>> pending = new ArrayDeque<>(DEPTH);
  private final ByteBuffer[] buffers = new ByteBuffer[DEPTH + 1];
  private int nextBuffer;

  WriteBehind(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * An empty buffer to fill, direct, and to pass to {@link #write} before the next is asked for.
   * There is one more than can wait, so it is not one that is being written.
   */
  ByteBuffer buffer() {
    int at = nextBuffer++ % buffers.length;
    if (buffers[at] == null) {
      buffers[at] = ByteBuffer.allocateDirect(BUFFER_BYTES);
    }
    return buffers[at].clear();
  }

  /** Has bytes written, which stay as they are until that is done. */
  void write(ByteBuffer bytes, long offset) throws IOException {
    if (pending.size() == DEPTH) {
      awaitFirst();
    }
    pending.addLast(
        writer.submit(() -> {
          long position = offset;
          while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
          }
          return position;
        }));
  }

  /** Waits until everything is written. */
  void drain() throws IOException {
    while (!pending.isEmpty()) {
      awaitFirst();
    }
  }

  private void awaitFirst() throws IOException {
    try {
      pending.removeFirst().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while it was written");
    }
  }

  /** Drops what waits, and lets the piece that is being written end. */
  @Override
  public void close() {
    pending.forEach(piece -> piece.cancel(false));
    writer.close();
  }
}
