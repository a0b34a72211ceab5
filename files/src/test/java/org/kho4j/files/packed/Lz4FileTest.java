package org.kho4j.files.packed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.files.MalformedImageException;

/** What the packers do not make; what they make is in {@link PackingToolsTest}. */
class Lz4FileTest {

  private static final int FRAME = 0x184d2204;

  @TempDir Path directory;

  private final ByteBuffer file = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

  /** A frame of blocks of up to 64 KiB, with these flags. */
  private Lz4FileTest frame(int flags, int sizes) {
    file.putInt(FRAME).put((byte) flags).put((byte) sizes);
    return checksum(XxHash32.of(new byte[] {(byte) flags, (byte) sizes}) >>> 8);
  }

  private Lz4FileTest checksum(int value) {
    file.put((byte) value);
    return this;
  }

  private Lz4FileTest block(int size, int... bytes) {
    file.putInt(size);
    for (int value : bytes) {
      file.put((byte) value);
    }
    return this;
  }

  private byte[] unpack() throws IOException {
    byte[] bytes = new byte[file.position()];
    file.get(0, bytes);
    return Unpacking.unpack(directory, bytes);
  }

  @Test
  void takesAMatchFromTheBlockBefore() throws IOException {
    frame(0x40, 0x40);
    block(4, 0x30, 'a', 'b', 'c').block(0x80000002, 'd', 'e');
    block(5, 0x00, 5, 0, 0x10, 'f').block(0);
    assertThat(unpack()).asString().isEqualTo("abcdeabcdf");
  }

  @Test
  void takesNoMatchFromTheBlockBeforeAnIndependentOne() {
    frame(0x60, 0x40);
    block(4, 0x30, 'a', 'b', 'c').block(5, 0x00, 3, 0, 0x10, 'f').block(0);

    assertThatThrownBy(this::unpack)
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("an lz4 match from 3 back at 0");
  }

  @Test
  void readsFramesThatFollowOneAnother() throws IOException {
    frame(0x60, 0x40).block(2, 0x10, 'a').block(0);
    file.putInt(0x184d2a5f).putInt(2).putShort((short) 7);
    file.putInt(0x184c2102).putInt(2).put((byte) 0x10).put((byte) 'b');
    frame(0x60, 0x40).block(2, 0x10, 'c').block(0);

    assertThat(unpack()).asString().isEqualTo("abc");
  }

  @ParameterizedTest
  @CsvSource({
    "0x80, 0x40, an lz4 frame of version 2: 1 is read",
    "0x61, 0x40, an lz4 frame that needs a dictionary",
    "0x62, 0x40, an lz4 frame with flags 0x62 0x40",
    "0x60, 0x30, an lz4 frame with flags 0x60 0x30",
    "0x60, 0xc0, an lz4 frame with flags 0x60 0xc0",
    "0x60, 0x40, an lz4 block of 65537 bytes: 65536 are the most"
  })
  void refusesAFrameThatIsNotRead(String flags, String sizes, String sentence) {
    frame(Integer.decode(flags), Integer.decode(sizes)).block(0x10001);

    assertThatThrownBy(this::unpack)
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith(sentence);
  }

  @Test
  void refusesWhatDoesNotFitItsChecksums() {
    file.putInt(FRAME).put((byte) 0x60).put((byte) 0x40).put((byte) 0).putInt(0);
    assertThatThrownBy(this::unpack)
        .hasMessageEndingWith("an lz4 frame whose header does not fit its checksum");

    file.clear();
    frame(0x64, 0x40).block(2, 0x10, 'a').block(0).block(0x12345678);
    assertThatThrownBy(this::unpack)
        .hasMessageEndingWith("lz4 whose checksum does not fit its content");

    file.clear();
    frame(0x70, 0x40).block(2, 0x10, 'a').block(0x12345678).block(0);
    assertThatThrownBy(this::unpack)
        .hasMessageEndingWith("an lz4 block that does not fit its checksum");
  }

  @Test
  void refusesAFrameWhoseContentHasAnotherLength() {
    ByteBuffer header = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
    header.put((byte) 0x68).put((byte) 0x40).putLong(2);
    file.putInt(FRAME).put(header.array());
    checksum(XxHash32.of(header.array()) >>> 8).block(2, 0x10, 'a').block(0);

    assertThatThrownBy(this::unpack)
        .hasMessageEndingWith("an lz4 frame whose length does not fit its content");
  }
}
