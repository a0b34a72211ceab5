package org.kho4j.preflight.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionNameTest {

  @ParameterizedTest
  @CsvSource({
    "kho-v4,3",
    "luo-session-v2,11",
    "kho_test-v10,8",
    "kho-v4;radix-v1;vmalloc-v1,3",
    "a-v1-v2,4"
  })
  void namesHaveAStem(String text, int stem) {
    assertThat(VersionName.matches(text)).isTrue();
    assertThat(VersionName.stemLength(text)).isEqualTo(stem);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kho-v",
        "kho-v4 ",
        "-v4",
        "kho-4",
        "Kho-v4",
        "4-v1",
        "no kho-v4",
        "kho-v4;",
        ";kho-v4",
        "kho-v4;radix",
        "kho-v4\n",
        "kho-v4a"
      })
  void otherTextIsNone(String text) {
    assertThat(VersionName.matches(text)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {127, 128})
  void namesAreBounded(int length) {
    assertThat(VersionName.matches("a".repeat(length - 3) + "-v1")).isEqualTo(length == 127);
  }
}
