package org.kho4j.memory.kdump;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decoders that threads borrow, as many as work at the same time.
 *
 * <p>The first pages are decoded by the JDK and by our own code. Whoever reads many of them gets
 * the native codecs, which are loaded in the background meanwhile.
 */
final class DecoderPool implements AutoCloseable {

  /**
   * Decoded pages after which the native codecs are loaded. Loading takes as long as they save in
   * 20,000 pages; it is done beside the reading.
   */
  static final int WARM_UP = 4096;

  /** One for all dumps of this JVM. */
  private static volatile boolean nativeLoaded;

  private static final AtomicInteger DECODED = new AtomicInteger();

  private final int blockSize;
  private final ConcurrentLinkedQueue<PageDecoder> idle = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  DecoderPool(int blockSize) {
    this.blockSize = blockSize;
  }

  PageDecoder borrow() {
    if (!nativeLoaded && DECODED.incrementAndGet() == WARM_UP) {
      Thread.ofPlatform().daemon().name("kho4j-native-codecs").start(DecoderPool::loadNative);
    }
    PageDecoder decoder = idle.poll();
    while (decoder != null && decoder.nativeLoaded() != nativeLoaded) {
      decoder.close();
      decoder = idle.poll();
    }
    return decoder != null ? decoder : new PageDecoder(blockSize, nativeLoaded);
  }

  void giveBack(PageDecoder decoder) {
    idle.add(decoder);
    if (closed) {
      drain();
    }
  }

  private static void loadNative() {
    nativeLoaded = NativeCodecs.load();
  }

  @Override
  public void close() {
    closed = true;
    drain();
  }

  private void drain() {
    for (PageDecoder decoder = idle.poll(); decoder != null; decoder = idle.poll()) {
      decoder.close();
    }
  }
}
