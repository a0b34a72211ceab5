package org.kho4j.memory.lime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.LimeBuilder;
import org.kho4j.memory.Memories;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.image.MemoryImages;

/** The layout is that of LiME 1.9's doc/README and of AVML 0.14. */
class LimeFileTest {

  private static final byte[] PAGE = TestPages.counting(4096, 1);
  private static final byte[] PAGES = TestPages.counting(8192, 3);

  @TempDir Path directory;

  private final LimeBuilder lime = new LimeBuilder();

  private PhysicalMemory open() throws IOException {
    return MemoryImages.open(lime.write(directory.resolve("lime")));
  }

  private void refuses(String sentence) throws IOException {
    Path path = lime.write(directory.resolve("lime"));
    assertThatThrownBy(() -> MemoryImages.open(path))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(path + " " + sentence);
  }

  @Test
  void readsEachRangeAtItsAddresses() throws IOException {
    lime.range(0x1000, PAGES).range(0x100000000L, PAGE);
    try (PhysicalMemory memory = open()) {
      assertThat(memory.source())
          .isEqualTo(
              new MemorySource(
                  directory.resolve("lime"),
                  MemorySource.Kind.LIME,
                  2 * 32 + 3 * 4096,
                  MemorySource.Machine.UNKNOWN,
                  OptionalInt.empty()));
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x2000", "0x100000000+0x1000");
      assertThat(Memories.bytes(memory, 0x1000, 8192)).isEqualTo(PAGES);
      assertThat(Memories.bytes(memory, 0x100000000L, 4096)).isEqualTo(PAGE);
      assertThat(memory.read(0x1000, 8192).isMapped()).isTrue();
    }
  }

  /** AVML has ranges of 16 MiB at most, which adjoin. */
  @Test
  void readsAcrossRangesThatAdjoin() throws IOException {
    lime.range(0x3000, PAGE).range(0x1000, PAGES);
    try (PhysicalMemory memory = open()) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x3000");
      assertThat(Memories.bytes(memory, 0x2ffe, 4))
          .containsExactly(PAGES[8190], PAGES[8191], PAGE[0], PAGE[1]);
    }
  }

  @Test
  void readsWhatAvmlCompresses() throws IOException {
    byte[] large = TestPages.likeMemory(0x30000, new Random(1));
    lime.compressed(0x1000, large).compressed(0x100000, new byte[0x20000]);
    try (PhysicalMemory memory = open()) {
      assertThat(memory.source().kind()).isEqualTo(MemorySource.Kind.LIME);
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x30000", "0x100000+0x20000");
      assertThat(Memories.bytes(memory, 0x1000, 0x30000)).isEqualTo(large);
      assertThat(Memories.bytes(memory, 0x100000, 0x20000)).containsOnly(0);
    }
  }

  @Test
  void whatWasCutOffIsAbsent() throws IOException {
    byte[] whole = lime.range(0x1000, PAGE).range(0x8000, PAGES).build();
    Path path = Files.write(directory.resolve("cut"), Arrays.copyOf(whole, whole.length - 5000));
    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(memory.source().notes())
          .containsExactly(
              ("%s is truncated: it ends at offset 0x%x, and lacks 0x1388 bytes of the memory that"
                      + " its headers describe")
                  .formatted(path, whole.length - 5000));
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000", "0x8000+0xc78");
      assertThat(memory.isRam(0x1000, 0x1000)).isTrue();
      assertThat(memory.isRam(0x8000, 0x2000)).isTrue();
      assertThat(memory.isRam(0x2000, 1)).isFalse();
      assertThatThrownBy(() -> memory.read(0x8000, 0x1000))
          .isInstanceOf(AbsentMemoryException.class);
    }
    Files.write(path, Arrays.copyOf(whole, 32 + 4096 + 20));
    try (PhysicalMemory memory = MemoryImages.open(path)) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
      assertThat(memory.source().notes())
          .containsExactly(
              path + " is truncated: it ends at offset 0x1034, within the header of a range");
    }
    Files.write(path, Arrays.copyOf(whole, 31));
    assertThatThrownBy(() -> MemoryImages.open(path))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(path + " ends within the first LiME header, which has 32 bytes");
  }

  @Test
  void refusesRangesThatOverlap() throws IOException {
    lime.range(0x2000, PAGES).range(0x1000, PAGES);
    refuses("has two LiME ranges with address 0x2000, at offsets 0x2020 and 0x0");
  }

  @Test
  void refusesOneRangeAgainAndAgain() throws IOException {
    for (int i = 0; i < 1000; i++) {
      lime.header(0x1000, 0x1000).bytes(new byte[1]);
    }
    refuses("has two LiME ranges with address 0x1000, at offsets 0x0 and 0x21");
  }

  @ParameterizedTest
  @CsvSource({
    "0x2000, 0x1fff",
    "0x0, 0xffffffffffffffff",
    "0x0, 0x7fffffffffffffff",
    "0xfffffffffffff000, 0xffffffffffffffff",
    "0x8000000000000000, 0x8000000000000fff"
  })
  void refusesARangeThatIsNone(String first, String last) throws IOException {
    lime.range(0x1000, PAGE)
        .header(
            Long.parseUnsignedLong(first.substring(2), 16),
            Long.parseUnsignedLong(last.substring(2), 16));
    refuses("has at offset 0x1020 a LiME range from " + first + " to " + last);
  }

  @Test
  void aRangeUpToTheLastAddressIsCutOff() throws IOException {
    lime.header(0x1000, Long.MAX_VALUE - 1).bytes(PAGE);
    try (PhysicalMemory memory = open()) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
      // A small file is not believed so much RAM.
      assertThat(memory.isRam(0x2000, 1)).isFalse();
    }
  }

  @Test
  void refusesWhatIsNoHeader() throws IOException {
    lime.range(0x1000, PAGE).bytes(new byte[100_000]).bytes(new byte[] {1});
    refuses(
        "has 0x00000000 0x00000000 at offset 0x1020, where a LiME header has 0x4c694d45"
            + " 0x00000001");
  }

  /** As an image on a block device. */
  @ParameterizedTest
  @ValueSource(ints = {1, 31, 32, 4096, 200_000})
  void zerosMayFollowTheLastRange(int zeros) throws IOException {
    lime.range(0x1000, PAGE).bytes(new byte[zeros]);
    try (PhysicalMemory memory = open()) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
      assertThat(memory.source().notes()).isEmpty();
    }
    LimeBuilder avml = new LimeBuilder().compressed(0x1000, PAGE).bytes(new byte[zeros]);
    try (PhysicalMemory memory = MemoryImages.open(avml.write(directory.resolve("avml")))) {
      assertThat(Memories.bytes(memory, 0x1000, 4096)).isEqualTo(PAGE);
    }
  }

  @Test
  void refusesMoreRangesThanAnyMachineHas() throws IOException {
    ByteBuffer headers =
        ByteBuffer.allocate((LimeFile.MAX_RANGES + 1) * 33).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i <= LimeFile.MAX_RANGES; i++) {
      headers.putInt(0x4c694d45).putInt(1).putLong(i).putLong(i).putLong(0).put((byte) 1);
    }
    lime.bytes(headers.array());
    refuses("has more than 262144 LiME ranges, the most that are read");
  }

  @Test
  void refusesCompressedRangesThatAreDamaged() throws IOException {
    byte[] whole = lime.compressed(0x1000, PAGES).build();
    Path path = directory.resolve("avml");
    for (int at = 4; at < whole.length; at += 1 + at / 30) {
      byte[] bytes = whole.clone();
      bytes[at] ^= 0x10;
      Files.write(path, bytes);
      assertThatThrownBy(() -> MemoryImages.open(path))
          .as("byte %d", at)
          .isInstanceOf(MalformedImageException.class)
          .hasMessageStartingWith(path + ": avml at offset 0x");
    }
    for (int length = 4; length < whole.length; length += 1 + length / 10) {
      Files.write(path, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> MemoryImages.open(path))
          .as("%d bytes", length)
          .isInstanceOf(MalformedImageException.class)
          .hasMessageContaining("the input ends in the middle");
    }
  }
}
