package org.kho4j.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final AtomicLong clock = new AtomicLong();

  @Test
  void showsItselfWhenTheWorkIsLongAndDisappears() {
    try (Progress progress = progress(true)) {
      progress.done(1 << 20);
      assertThat(text()).isEmpty();
      clock.addAndGet(500_000_000);
      progress.done(512 << 20);
      clock.addAndGet(1_000_000);
      progress.done(513 << 20);
    }
    assertThat(text()).isEqualTo("\r\033[Kkho: searching, 25% of 2 GiB\r\033[K");
  }

  @Test
  void isSilentWhereNobodyLooks() {
    try (Progress progress = progress(false)) {
      clock.addAndGet(5_000_000_000L);
      progress.done(1);
    }
    assertThat(text()).isEmpty();
  }

  private Progress progress(boolean terminal) {
    PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
    Console console = new Console(OutputStream.nullOutputStream(), stream, false, terminal);
    return new Progress(console, "searching", 2L << 30, clock::get);
  }

  private String text() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
