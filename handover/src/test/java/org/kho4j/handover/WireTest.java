package org.kho4j.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.KernelMemory.HERE;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.LuoSer;

class WireTest {

  @Test
  void numbersAreLittleEndianWithoutASign() {
    byte[] bytes = new byte[17];
    for (int i = 0; i < 16; i++) {
      bytes[i + 1] = (byte) (0xf0 + i);
    }
    // At an odd address: nothing in a handover is aligned for sure.
    MemorySegment descriptor = MemorySegment.ofArray(bytes).asSlice(1);

    assertThat(Wire.u64(descriptor, KhoVmalloc.FIRST)).isEqualTo(0xf7f6f5f4f3f2f1f0L);
    assertThat(Wire.u32(descriptor, KhoVmalloc.TOTAL_PAGES)).isEqualTo(0xfbfaf9f8L);
    assertThat(Wire.u16(descriptor, KhoVmalloc.FLAGS)).isEqualTo(0xfdfc);
    assertThat(Wire.u16(descriptor, KhoVmalloc.ORDER)).isEqualTo(0xfffe);
  }

  private static String text(byte[] bytes) {
    byte[] structure = new byte[32];
    System.arraycopy(bytes, 0, structure, 0, bytes.length);
    return Wire.text(MemorySegment.ofArray(structure), LuoSer.COMPATIBLE, HERE, 0x5000);
  }

  @Test
  void textEndsAtItsNul() {
    assertThat(text("luo\0xx".getBytes(StandardCharsets.UTF_8))).isEqualTo("luo");
    assertThat(text(new byte[0])).isEmpty();
    assertThat(text("sieben7".getBytes(StandardCharsets.UTF_8))).isEqualTo("sieben7");
  }

  @Test
  void textIsUtf8AndWhatIsNotIsMarked() {
    assertThat(text("grün".getBytes(StandardCharsets.UTF_8))).isEqualTo("grün");
    assertThat(text(new byte[] {'a', (byte) 0xff, 'b'})).isEqualTo("a\ufffdb");
  }

  @Test
  void textWithoutANulIsNamed() {
    assertThat(sentenceOf(() -> text("achtacht".getBytes(StandardCharsets.UTF_8))))
        .isEqualTo("/here at 0x5000: compatible has no NUL within its 8 bytes");
  }
}
