package org.kho4j.memory.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.v3.Compressor;
import io.airlift.compress.v3.lzo.LzoCompressor;
import io.airlift.compress.v3.snappy.SnappyJavaCompressor;
import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.files.packed.PageCodec;
import org.kho4j.files.packed.SnappyPage;
import org.kho4j.memory.KdumpBuilder;
import org.kho4j.memory.TestPages;

/** One battery for all codecs. */
class PageCodecTest {

  interface Encoder {
    byte[] encode(byte[] page);
  }

  record Subject(String name, PageCodec codec, Encoder encoder, boolean checked) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Subject> codecs() {
    List<Subject> subjects = new ArrayList<>();
    Encoder lzo = encoder(new LzoCompressor());
    Encoder snappy = encoder(new SnappyJavaCompressor());
    Encoder zstd = encoder(new ZstdJavaCompressor());
    subjects.add(new Subject("zlib", new ZlibPages(), KdumpBuilder::deflate, true));
    subjects.add(new Subject("lzo", Compression.LZO.codec(), lzo, false));
    subjects.add(new Subject("snappy", new SnappyPage(), snappy, false));
    subjects.add(new Subject("zstd", Compression.ZSTD.codec(), zstd, false));
    return subjects.stream();
  }

  private static Encoder encoder(Compressor compressor) {
    return page -> KdumpMemoryTest.compress(compressor, page);
  }

  private static List<byte[]> pages() {
    List<byte[]> pages = new ArrayList<>();
    for (int size : new int[] {4096, 16384, 65536}) {
      pages.add(new byte[size]);
      pages.add(TestPages.counting(size, 5));
      byte[] noise = new byte[size];
      new Random(size).nextBytes(noise);
      pages.add(noise);
      for (int seed = 0; seed < 25; seed++) {
        pages.add(TestPages.likeMemory(size, new Random(seed)));
      }
    }
    return pages;
  }

  /** As the dump's reader has it: room for more than the compressed bytes. */
  private static byte[] padded(byte[] packed) {
    return Arrays.copyOf(packed, packed.length + 64);
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void decodesWhatWasEncoded(Subject subject) throws DataFormatException {
    for (byte[] page : pages()) {
      byte[] packed = subject.encoder.encode(page);
      byte[] out = new byte[page.length];
      subject.codec.decode(padded(packed), packed.length, out);
      assertThat(out).isEqualTo(page);
    }
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void decodesTheBeginningOfWhatWasEncoded(Subject subject) throws DataFormatException {
    for (byte[] page : pages()) {
      byte[] packed = subject.encoder.encode(page);
      for (int wanted : new int[] {1, 17, 518, page.length - 1, page.length}) {
        byte[] beginning = new byte[wanted];
        subject.codec.decodeBeginning(padded(packed), packed.length, page.length, beginning);
        assertThat(beginning).isEqualTo(Arrays.copyOf(page, wanted));
      }
    }
  }

  /** What is behind the beginning may be damaged; what is not there is no zero. */
  @ParameterizedTest
  @MethodSource("codecs")
  void theBeginningOfWhatIsCutOffIsRightOrRefused(Subject subject) {
    byte[] page = TestPages.likeMemory(4096, new Random(6));
    byte[] packed = subject.encoder.encode(page);
    for (int length = 1; length < packed.length; length += 3) {
      byte[] cut = Arrays.copyOf(packed, length + 64);
      Arrays.fill(cut, length, cut.length, (byte) 0);
      byte[] beginning = new byte[518];
      try {
        subject.codec.decodeBeginning(cut, length, page.length, beginning);
        assertThat(beginning).isEqualTo(Arrays.copyOf(page, beginning.length));
      } catch (DataFormatException e) {
        assertThat(e.getMessage()).isNotEmpty();
      }
    }
    assertThatThrownBy(
            () -> subject.codec.decodeBeginning(packed, 9, page.length, new byte[page.length]))
        .isInstanceOf(DataFormatException.class);
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void refusesAPageOfAnotherLength(Subject subject) {
    byte[] page = TestPages.likeMemory(4096, new Random(3));
    byte[] packed = subject.encoder.encode(page);

    assertThatThrownBy(() -> subject.codec.decode(padded(packed), packed.length, new byte[4095]))
        .isInstanceOf(DataFormatException.class);
    assertThatThrownBy(() -> subject.codec.decode(padded(packed), packed.length, new byte[4097]))
        .isInstanceOf(DataFormatException.class);
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void refusesWhatIsCutOff(Subject subject) {
    byte[] page = TestPages.likeMemory(4096, new Random(4));
    byte[] packed = subject.encoder.encode(page);
    for (int length = 1; length < packed.length; length++) {
      byte[] cut = Arrays.copyOf(packed, length + 64);
      Arrays.fill(cut, length, cut.length, (byte) 0);
      int size = length;
      assertThatThrownBy(() -> subject.codec.decode(cut, size, new byte[4096]))
          .as("cut to %d of %d", length, packed.length)
          .isInstanceOf(DataFormatException.class);
    }
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void survivesMutations(Subject subject) {
    Random random = new Random(5);
    for (int round = 0; round < 2_000; round++) {
      byte[] page = TestPages.likeMemory(4096, random);
      byte[] packed = subject.encoder.encode(page);
      byte[] mutated = padded(packed);
      int changes = 1 + random.nextInt(4);
      for (int i = 0; i < changes; i++) {
        mutated[random.nextInt(packed.length)] ^= (byte) (1 << random.nextInt(8));
      }
      byte[] out = new byte[4096];
      try {
        subject.codec.decodeBeginning(
            mutated, packed.length, out.length, new byte[1 + random.nextInt(out.length)]);
      } catch (DataFormatException expected) {
        assertThat(expected.getMessage()).isNotEmpty();
      }
      try {
        subject.codec.decode(mutated, packed.length, out);
        if (subject.checked) {
          assertThat(out).isEqualTo(page);
        }
      } catch (DataFormatException expected) {
        assertThat(expected.getMessage()).isNotEmpty();
      }
    }
  }
}
