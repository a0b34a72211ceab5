package org.kho4j.preflight.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionNameTest {

  @ParameterizedTest
  @CsvSource({
    "kho-v4,kho",
    "luo-session-v2,luo-session",
    "kho_test-v10,kho_test",
    "kho-v4;radix-v1;vmalloc-v1,kho",
    "kvm_vm_luo_v1,kvm_vm_luo",
    "iommu-liveupdate,iommu-liveupdate",
    "a-v1-v2,a-v1"
  })
  void namesHaveAStem(String text, String stem) {
    assertThat(VersionName.matches(text)).isTrue();
    assertThat(new FoundString(text, new Place("", 0, OptionalLong.empty()), "").stem())
        .isEqualTo(stem);
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
