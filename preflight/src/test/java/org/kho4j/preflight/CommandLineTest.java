package org.kho4j.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.preflight.CommandLine.Reservation;

class CommandLineTest {

  @Test
  void theLastSwitchCounts() {
    CommandLine line = new CommandLine("quiet kho=on liveupdate=1 kho=off root=/dev/vda");
    assertThat(line.kho()).contains(false);
    assertThat(line.liveupdate()).contains(true);
    assertThat(new CommandLine("khofoo=on").kho()).isEmpty();
  }

  @Test
  void whatFollowsTwoDashesIsForInit() {
    assertThat(new CommandLine("ro -- kho=on").kho()).isEmpty();
  }

  @Test
  void quotesKeepAWordTogether() {
    assertThat(new CommandLine("init=\"/bin/x kho=off\" kho=y").kho()).contains(true);
  }

  @Test
  void reservationsAreReadAsTheKernelReadsThem() {
    CommandLine line =
        new CommandLine("reserve_mem=1M:4096:trace reserve_mem=0x2000::log reserve_mem=4K:8");
    assertThat(line.reservations())
        .containsExactly(
            new Reservation(1 << 20, 4096, "trace"), new Reservation(0x2000, 64, "log"));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "2k, 2048",
    "1G, 1073741824",
    "0x10, 16",
    "010, 8",
    "8E, -1",
    "x, -1",
    "-1, -1"
  })
  void sizesHaveSuffixes(String text, long bytes) {
    assertThat(CommandLine.size(text)).isEqualTo(bytes);
  }
}
