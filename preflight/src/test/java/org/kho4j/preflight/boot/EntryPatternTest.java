package org.kho4j.preflight.boot;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EntryPatternTest {

  @ParameterizedTest
  @CsvSource({
    "debian, debian, true",
    "debian, debian-7, false",
    "debian*, debian-7.3.4, true",
    "*-7.3.?, debian-7.3.4, true",
    "*-7.3.?, debian-7.3.41, false",
    "*7.3*, debian-7.2-7.3-x, true",
    "linux-[0-9], linux-7, true",
    "linux-[!0-9], linux-7, false",
    "linux-[ab7], linux-7, true",
    "linux-[, linux-[, true",
    "'', x, false",
  })
  void matchesAsFnmatch(String pattern, String name, boolean matches) {
    assertThat(new EntryPattern(pattern).matches(name)).isEqualTo(matches);
  }

  /** A matcher that goes back to every star would take longer than the age of the universe. */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aHostilePatternEnds() {
    EntryPattern pattern = new EntryPattern("*a".repeat(30) + "b");
    assertThat(pattern.matches("a".repeat(200))).isFalse();
  }
}
