package org.kho4j.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SealsTest {

  @Test
  void namesEveryBit() {
    assertThat(Seals.names(0x3f)).isEqualTo("seal shrink grow write future-write exec");
    assertThat(Seals.names(0)).isEmpty();
    assertThat(Seals.names(0x48)).isEqualTo("write 0x40");
  }
}
