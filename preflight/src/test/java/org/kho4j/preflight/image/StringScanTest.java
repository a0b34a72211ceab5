package org.kho4j.preflight.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StringScanTest {

  private static List<FoundString> scan(byte[] bytes) {
    StringScan scan = new StringScan(MemorySegment.ofArray(bytes));
    scan.scan(new LoadedRange("", 0, bytes.length, OptionalLong.empty()));
    return scan.strings();
  }

  private static List<String> texts(String bytes) {
    return scan(bytes.getBytes(StandardCharsets.ISO_8859_1)).stream()
        .map(found -> found.before() + "|" + found.text())
        .toList();
  }

  @Test
  void takesWholeStrings() {
    assertThat(texts("\0kho-v4\0luo-session-v2\0\u00ffmemfd-v12\0"))
        .containsExactly("|kho-v4", "|luo-session-v2", "|memfd-v12");
  }

  @Test
  void takesVersionsThatNobodyKnowsYet() {
    assertThat(texts("\0kho-v5\0kho-v4;radix-v1;vmalloc-v1\0vfio_pci-v1\0"))
        .containsExactly("|kho-v5", "|kho-v4;radix-v1;vmalloc-v1", "|vfio_pci-v1");
  }

  @Test
  void saysWhatStandsBeforeTheEndOfAString() {
    assertThat(texts("\0wanted kho-v4\0Xkho-v4\0A-1kho-v4\0"))
        .containsExactly("wanted |kho-v4", "X|kho-v4", "A-1|kho-v4");
  }

  @Test
  void passesOverTextThatOnlyHasIt() {
    assertThat(texts("\0kho-v4 is wanted\0kho-v4\n\0kho-v\0kho-vX\0Kho-V4\0kho-v4")).isEmpty();
  }

  @Test
  void findsTheMarkerAsAWhole() {
    assertThat(texts("kexec-metadata\0kexec-metadatas\0xkexec-metadata\0\nkexec-metadata\0"))
        .containsExactly("|kexec-metadata", "x|kexec-metadata", "\n|kexec-metadata");
  }

  @Test
  void findsThemAtEveryPlace() {
    byte[] name = "\0kho-v4\0".getBytes(StandardCharsets.US_ASCII);
    for (int at : new int[] {0, 1, 5, 65_510, 65_520, 65_530, 65_533, 65_536, 131_050, 131_060}) {
      byte[] bytes = new byte[at + name.length];
      // Dashes all over cost time, and must not hide it.
      Arrays.fill(bytes, (byte) '-');
      System.arraycopy(name, 0, bytes, at, name.length);

      assertThat(scan(bytes))
          .containsExactly(
              new FoundString("kho-v4", new Place("", at + 1, OptionalLong.empty()), ""));
    }
  }

  @Test
  void findsWhatAPlainSearchFinds() {
    Random random = new Random(6);
    String alphabet = "kho-v4;\0\n A";
    for (int round = 0; round < 300; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 700; i++) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      List<String> expected =
          Arrays.stream((text + "x").split("[\0]", -1))
              .filter(part -> VersionName.matches(part))
              .toList();
      // The last part has no NUL behind it.
      List<String> whole =
          scan((text + "x").getBytes(StandardCharsets.US_ASCII)).stream()
              .filter(FoundString::isWhole)
              .map(FoundString::text)
              .toList();

      assertThat(whole).as("round %d", round).isEqualTo(expected);
    }
  }
}
