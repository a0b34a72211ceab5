package org.kho4j.files.packed;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;

/** What the real packers make comes out as it went in. */
class PackingToolsTest {

  @TempDir Path directory;

  private Path pack(String command, byte[] bytes) throws IOException, InterruptedException {
    Path plain = Files.write(directory.resolve("plain"), bytes);
    Path packed = directory.resolve("packed");
    Process process =
        new ProcessBuilder("sh", "-c", command + " <'" + plain + "' >'" + packed + "'")
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assumeTrue(process.waitFor() == 0, command + ": " + said);
    return packed;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gzip -1",
        "gzip -9n",
        "xz -1 -T1 --check=crc32",
        "xz -6 -T1 --check=sha256",
        "xz -0 -T2 --block-size=1000000",
        "xz -1 --check=none",
        "xz --check=crc32 --x86 --lzma2=dict=128MiB",
        "xz --check=crc64 --arm64 --lzma2=lp=2,lc=2",
        "lzma -1",
        "lzma -9",
        "zstd -1 -q",
        "zstd -1 -q --no-check",
        "zstd -19 -q",
        "zstd -3 -q --long=31",
        "lz4 -q -l -1",
        "lz4 -q -l -9",
        "lz4 -q -1",
        "lz4 -q -9 --content-size",
        "lz4 -q -1 -BD -B4 -BX",
        "lz4 -q -9 -BD --no-frame-crc"
      })
  void unpacksWhatThePackerPacked(String command) throws IOException, InterruptedException {
    for (int length : new int[] {1, 70_000, 1_300_007}) {
      byte[] bytes = Unpacking.content(length);

      assertThat(Unpacking.unpack(pack(command, bytes))).as("%d bytes", length).isEqualTo(bytes);
    }
  }

  /** As on a block device. xz takes padding in words. */
  @ParameterizedTest
  @ValueSource(
      strings = {"gzip", "xz", "lzma", "zstd -q", "zstd -q --check", "lz4 -q -l", "lz4 -q"})
  void zerosMayFollow(String command) throws IOException, InterruptedException {
    byte[] bytes = Unpacking.content(200_000);
    byte[] packed = Files.readAllBytes(pack(command, bytes));
    for (int zeros : new int[] {1, 2, 3, 4, 5, 100, 4096, 300_000}) {
      if (!command.equals("xz") || zeros % 4 == 0) {
        byte[] padded = Arrays.copyOf(packed, packed.length + zeros);
        assertThat(Unpacking.unpack(directory, padded)).as("%d zeros", zeros).isEqualTo(bytes);
        padded[padded.length - 1] = 1;
        assertThatThrownBy(() -> Unpacking.unpack(directory, padded))
            .as("%d bytes", zeros)
            .isInstanceOf(MalformedImageException.class);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "xz", "lzma", "zstd -q", "lz4 -q -l", "lz4 -q"})
  void unpacksLongRuns(String command) throws IOException, InterruptedException {
    byte[] bytes = new byte[9_000_000];
    bytes[8_000_000] = 1;

    assertThat(Unpacking.unpack(pack(command, bytes))).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "xz", "zstd -q", "lz4 -q"})
  void unpacksStreamsOneAfterTheOther(String command) throws IOException, InterruptedException {
    String once = command + " -c <$t";
    String twice = "( t=$(mktemp); cat >$t; " + once + " && " + once + "; s=$?; rm $t; exit $s )";
    byte[] bytes = Unpacking.content(100_000);

    assertThat(Unpacking.unpack(pack(twice, bytes)))
        .hasSize(200_000)
        .startsWith(bytes)
        .endsWith(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gzip",
        "xz",
        "xz --check=none",
        "lzma",
        "zstd -q",
        "zstd -q --no-check",
        "lz4 -ql",
        "lz4 -q"
      })
  void refusesWhatIsCutOff(String command) throws IOException, InterruptedException {
    Path packed = pack(command, Unpacking.content(30_000));
    byte[] whole = Files.readAllBytes(packed);
    boolean hasAnEnd = !command.equals("lz4 -ql");
    for (int length = 16; length < whole.length; length += 1 + length / 40) {
      Files.write(packed, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Unpacking.unpack(packed))
          .as("%d of %d bytes", length, whole.length)
          .isInstanceOf(MalformedImageException.class)
          .hasMessageStartingWith(packed + ": ");
    }
    Files.write(packed, Arrays.copyOf(whole, whole.length - 1));
    assertThatThrownBy(() -> Unpacking.unpack(packed))
        .hasMessageContaining(hasAnEnd ? " in the middle, after " : "lz4");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "xz", "lzma", "zstd -q", "lz4 -q -l", "lz4 -q"})
  void refusesWhatComesBehindTheEnd(String command) throws IOException, InterruptedException {
    Path packed = pack(command, Unpacking.content(30_000));
    byte[] whole = Files.readAllBytes(packed);
    for (int more : new int[] {1, 4, 50}) {
      byte[] bytes = Arrays.copyOf(whole, whole.length + more);
      Arrays.fill(bytes, whole.length, bytes.length, (byte) 'x');
      Files.write(packed, bytes);
      assertThatThrownBy(() -> Unpacking.unpack(packed))
          .as("%d bytes more", more)
          .isInstanceOf(MalformedImageException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "xz", "zstd -q --check", "lz4 -q -BX"})
  void refusesWhatFailsItsChecksum(String command) throws IOException, InterruptedException {
    Path packed = pack(command, Unpacking.content(30_000));
    byte[] whole = Files.readAllBytes(packed);
    for (int at = 40; at < whole.length; at += 1 + whole.length / 50) {
      byte[] bytes = whole.clone();
      bytes[at] ^= 0x10;
      Files.write(packed, bytes);
      assertThatThrownBy(() -> Unpacking.unpack(packed))
          .as("byte %d of %d", at, whole.length)
          .isInstanceOf(MalformedImageException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "xz", "lzma", "zstd -q", "lz4 -q -l", "lz4 -q"})
  void stopsABombAtItsLimit(String command) throws IOException, InterruptedException {
    Path packed = pack(command, new byte[20_000_000]);

    assertThat(Unpacking.unpack(packed, 20_000_000)).hasSize(20_000_000);
    assertThatThrownBy(() -> Unpacking.unpack(packed, 19_999_999))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageEndingWith(": it decompresses to more than 19999999 bytes");
  }

  @ParameterizedTest
  @CsvSource({"bzip2, bzip2", "lzop, lzop"})
  void saysHowToUnpackWhatIsNotRead(String command, String format)
      throws IOException, InterruptedException {
    Path packed = pack(command, Unpacking.content(1000));

    assertThatThrownBy(() -> Unpacking.unpack(packed))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            "%s: %s at offset 0x0, an unsupported form: '%s -dc FILE' decompresses a file,"
                    .formatted(packed, format, format)
                + " scripts/extract-vmlinux of the kernel source a bzImage");
  }

  /** What comes out is the most that a dictionary has to hold. */
  @ParameterizedTest
  @CsvSource({"'', 16, 1, 4096", "'', 16, 5000, 6144", "--x86, 18, 70000, 98304"})
  void lowersADictionaryToWhatComesOut(String filter, int place, int length, int dictionary)
      throws Exception {
    Path packed = pack("xz " + filter + " --lzma2=dict=256MiB", Unpacking.content(length));
    try (MappedFile file = MappedFile.open(packed)) {
      byte[] start = XzDictionary.start(file.bytes());
      // The one byte of LZMA2's properties: 0x21, 1, the size.
      int code = start[place];
      assertThat((2 | (code & 1)) << (code / 2 + 11)).isEqualTo(dictionary);
    }
    assertThat(Unpacking.unpack(packed)).isEqualTo(Unpacking.content(length));
  }

  /** The properties of the first filter end 2.25 GiB behind the header, in a sparse file. */
  @Test
  void leavesADictionaryFarBehindTheHeaderAlone() throws IOException {
    long far = 0x90000000L;
    long end = far + 4096;
    Path packed = directory.resolve("far.xz");
    try (FileChannel file = FileChannel.open(packed, CREATE_NEW, WRITE)) {
      // 1 more filter than LZMA2: x86, with so many bytes of properties.
      file.write(ByteBuffer.wrap(new byte[] {2, 1, 4, -128, -128, -128, -128, 9}), 12);
      file.write(ByteBuffer.wrap(new byte[] {0x21, 1, 40}), 20 + far);
      // The index: one record, of a block of 1 byte that unpacks to 1 byte.
      file.write(ByteBuffer.wrap(new byte[] {0, 1, 1, 1}), end - 16);
      file.write(ByteBuffer.wrap(new byte[12]), end - 12);
    }
    try (MappedFile file = MappedFile.open(packed)) {
      assertThat(XzDictionary.start(file.bytes())).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "xz -T2 --block-size=500 --lzma2=dict=256MiB",
        "xz --format=lzma --lzma1=dict=256MiB,mode=fast"
      })
  void refusesALargerDictionaryThanTheKernelsBuildUses(String command)
      throws IOException, InterruptedException {
    Path packed = pack(command, Unpacking.content(1000));

    assertThatThrownBy(() -> Unpacking.unpack(packed))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("a dictionary of more than 128 MiB, which takes 256 MiB of memory");
  }
}
