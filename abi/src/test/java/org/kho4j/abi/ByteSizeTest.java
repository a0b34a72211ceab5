package org.kho4j.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteSizeTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "353, 353 B",
    "1023, 1023 B",
    "1024, 1 KiB",
    "1536, 1.5 KiB",
    "1048575, 1.0 MiB",
    "1339392, 1.3 MiB",
    "2147483648, 2 GiB",
    "1099511627776, 1 TiB",
    "9223372036854775807, 8.0 EiB"
  })
  void sizesHaveOneDecimal(long bytes, String shown) {
    assertThat(ByteSize.text(bytes)).isEqualTo(shown);
  }

  @Test
  void aSizeIsNotNegative() {
    assertThatIllegalArgumentException().isThrownBy(() -> ByteSize.text(-1));
  }
}
