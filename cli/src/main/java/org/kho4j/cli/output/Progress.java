package org.kho4j.cli.output;

import java.io.PrintStream;
import java.util.function.LongSupplier;

/**
 * A progress line on a terminal for long work. Silent without a terminal, and for short work. Safe
 * to call from many threads, and cheap: most calls read a clock and nothing else.
 */
public final class Progress implements AutoCloseable {

  private static final long FIRST_AFTER_NANOS = 400_000_000;
  private static final long INTERVAL_NANOS = 100_000_000;

  private final PrintStream err;
  private final boolean shown;
  private final String what;
  private final LongSupplier nanoTime;
  private final long total;
  private final Object printing = new Object();
  private volatile long next;
  private boolean printed;

  /**
   * Progress of some work.
   *
   * @param console where it shows
   * @param what the work, as in {@code searching}
   * @param total bytes to do, or 0 if unknown
   */
  public Progress(Console console, String what, long total) {
    this(console, what, total, System::nanoTime);
  }

  Progress(Console console, String what, long total, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.err = console.err();
    this.shown = console.errIsTerminal();
    this.what = what;
    this.total = total;
    this.next = nanoTime.getAsLong() + FIRST_AFTER_NANOS;
  }

  /** Reports the number of bytes done, of all bytes. */
  public void done(long bytes) {
    if (!shown) {
      return;
    }
    if (nanoTime.getAsLong() - next < 0) {
      return;
    }
    synchronized (printing) {
      long now = nanoTime.getAsLong();
      if (now - next < 0) {
        return;
      }
      next = now + INTERVAL_NANOS;
      printed = true;
      String far =
          total == 0 ? Units.size(bytes) : 100 * bytes / total + "% of " + Units.size(total);
      err.print("\r\033[Kkho: " + what + ", " + far);
      err.flush();
    }
  }

  /** The work is over: the line disappears. */
  @Override
  public void close() {
    synchronized (printing) {
      if (printed) {
        err.print("\r\033[K");
        err.flush();
        printed = false;
      }
    }
  }
}
