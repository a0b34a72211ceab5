package org.kho4j.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FdtPropertyTest {

  @Test
  void readsOneString() {
    assertThat(property("kho-v4\0").string()).isEqualTo("kho-v4");
    assertThat(property("\0").string()).isEmpty();
    assertThat(FdtProperty.ofString("p", "ü").string()).isEqualTo("ü");
  }

  @Test
  void rejectsWhatIsNotOneString() {
    assertBad(() -> property("").string(), 0, "has 0 strings, not one, at 0x0 of its value");
    assertBad(() -> property("a\0b\0").string(), 0, "has 2 strings, not one, at 0x0 of its value");
    assertBad(
        () -> property("a\0bc").string(),
        2,
        "of 4 bytes does not end with a NUL, at 0x2 of its value");
    assertBad(() -> property("a\0\u00ff\0").string(), 2, "is not UTF-8, at 0x2 of its value");
  }

  @Test
  void readsStrings() {
    assertThat(property("a\0\0bc\0").stringList()).containsExactly("a", "", "bc");
    assertThat(property("").stringList()).isEmpty();
  }

  @Test
  void readsNumbersInTheCallersByteOrder() {
    assertThat(property("\1\2\3\4").u32(ByteOrder.BIG_ENDIAN)).isEqualTo(0x01020304);
    assertThat(property("\1\2\3\4").u32(ByteOrder.LITTLE_ENDIAN)).isEqualTo(0x04030201);
    assertThat(property("\1\2\3\4\5\6\7\10").u64(ByteOrder.BIG_ENDIAN))
        .isEqualTo(0x0102030405060708L);
    assertThat(property("\1\2\3\4\5\6\7\10").u64(ByteOrder.LITTLE_ENDIAN))
        .isEqualTo(0x0807060504030201L);
  }

  @Test
  void rejectsNumbersOfAnotherLength() {
    assertBad(
        () -> property("12345678").u32(ByteOrder.BIG_ENDIAN),
        0,
        "has 8 bytes, not 4, at 0x0 of its value");
    assertBad(
        () -> property("1234567").u64(ByteOrder.LITTLE_ENDIAN),
        0,
        "has 7 bytes, not 8, at 0x0 of its value");
  }

  @Test
  void writesNumbersAsItReadsThem() {
    for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
      assertThat(FdtProperty.ofU32("p", 0x81020304, order).u32(order)).isEqualTo(0x81020304);
      assertThat(FdtProperty.ofU64("p", 0x8102030405060708L, order).u64(order))
          .isEqualTo(0x8102030405060708L);
    }
  }

  @Test
  void refusesAStringWithANulInside() {
    assertThatThrownBy(() -> FdtProperty.ofString("p", "a\0b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the text of \"p\" has a NUL in it");
  }

  @Test
  void isEqualByNameAndBytes() {
    assertThat(property("abc")).isEqualTo(property("abc")).hasSameHashCodeAs(property("abc"));
    assertThat(property("abc")).isNotEqualTo(property("abd"));
    assertThat(property("abc")).isNotEqualTo(new FdtProperty("q", property("abc").value()));
  }

  @Test
  void showsTheValueInHex() {
    assertThat(property("abc")).hasToString("p = [616263]");
    assertThat(property("a".repeat(33))).hasToString("p = [" + "61".repeat(32) + "…]");
  }

  private static FdtProperty property(String value) {
    return new FdtProperty("p", MemorySegment.ofArray(value.getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static void assertBad(ThrowingCallable call, long offset, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FdtException.class,
            e -> {
              assertThat(e.error()).isEqualTo(FdtError.BAD_VALUE);
              assertThat(e.offset()).isEqualTo(offset);
            })
        .hasMessage("the property \"p\" " + message);
  }
}
