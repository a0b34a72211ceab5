package org.kho4j.preflight.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.preflight.host.CommandLine.Reservation;

class CommandLineTest {

  @Test
  void theLastSwitchCounts() {
    CommandLine line = new CommandLine("quiet kho=on liveupdate=1 kho=off root=/dev/vda");
    assertThat(line.kho()).contains(false);
    assertThat(line.liveupdate()).contains(true);
    assertThat(new CommandLine("khofoo=on").kho()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "kho=enable, true",
    "kho=True, true",
    "kho=disabled, false",
    "kho=oFf, false",
    "kho=off kho=zz, false",
    "kho=on kho= kho kho=o, true",
    "kho=zz,"
  })
  void aSwitchIsReadAsTheKernelReadsIt(String text, @Nullable Boolean on) {
    assertThat(new CommandLine(text).kho()).isEqualTo(Optional.ofNullable(on));
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

  @Test
  void dashesAndUnderscoresInANameAreTheSame() {
    assertThat(new CommandLine("reserve-mem=4K:64:a-b").reservations())
        .containsExactly(new Reservation(4096, 64, "a-b"));
  }

  /** A name has 15 bytes at most, and counts once; only accepted reservations count. */
  @Test
  void theNinthReservationIsRefused() {
    String eight =
        IntStream.range(0, 8)
            .mapToObj("reserve_mem=4K:64:n%d "::formatted)
            .collect(Collectors.joining());
    String refused = "reserve_mem=4K:64:sixteen_letters_ reserve_mem=8K:64:n0 reserve_mem=0:64:x ";
    CommandLine line = new CommandLine("reserve_mem=4K:64:n0 " + refused + eight);
    assertThat(line.reservations())
        .extracting(Reservation::name)
        .containsExactly("n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7");
    assertThat(line.reservations().getFirst().size()).isEqualTo(4096);
    assertThat(new CommandLine(eight + "reserve_mem=4K:64:n8").reservations())
        .isEqualTo(line.reservations());
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
    "#10, -1",
    "+1, -1",
    "-1, -1"
  })
  void sizesHaveSuffixes(String text, long bytes) {
    assertThat(CommandLine.size(text)).isEqualTo(bytes);
  }
}
