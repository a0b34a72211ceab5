package org.kho4j.example.warmcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class LongTableTest {

  private final LongTable table =
      new LongTable(MemorySegment.ofArray(new long[4 * LongTable.SLOT_BYTES / Long.BYTES]));

  @Test
  void endsItsSearchInAFullTable() {
    for (long key = 1; key <= 4; key++) {
      table.put(key, key * 10);
    }
    assertThat(table.get(3)).hasValue(30);
    assertThat(table.get(99)).isEmpty();
    table.put(3, 31);
    assertThat(table.get(3)).hasValue(31);
    assertThatThrownBy(() -> table.put(5, 50)).hasMessage("the table is full");
  }

  @Test
  void hasNoValueOfKeyZero() {
    assertThat(table.get(0)).isEmpty();
    assertThatThrownBy(() -> table.put(0, 1)).hasMessage("0 is no key");
  }
}
