package org.kho4j.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class NumbersTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4096, 4096",
    "0x1f3a000, 32743424",
    "0X1F3A000, 32743424",
    "4K, 4096",
    "0x4k, 4096",
    "1G, 1073741824",
    "2T, 2199023255552"
  })
  void readsWhatUsersWrite(String text, long value) {
    assertThat(Numbers.parse(text)).isEqualTo(value);
  }

  @Test
  void anAddressMayUseAllBits() {
    assertThat(Numbers.parse("0xffffffffffffffff")).isEqualTo(-1);
    assertThat(Numbers.parse("18446744073709551615")).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "K", "0x", "0xg", "-1", "+1", "1.5G", "1 K", "٣", "4KiB"})
  void refusesWhatIsNoNumber(String text) {
    assertThatThrownBy(() -> Numbers.parse(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageStartingWith("'" + text + "' is not a number");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0x10000000000000000", "18446744073709551616", "16777216T"})
  void refusesWhatDoesNotFit(String text) {
    assertThatThrownBy(() -> Numbers.parse(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessage("'" + text + "' does not fit into 64 bits");
  }
}
