package org.kho4j.preflight.packed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.memory.mapped.MappedFile;
import org.kho4j.memory.unpacked.UnpackedFile;

/** What the real packers make comes out as it went in. */
class PackingToolsTest {

  @TempDir Path directory;

  /** Code-like bytes with near and far repetitions, runs and noise; more than one buffer of it. */
  private static byte[] content(int length) {
    Random random = new Random(length);
    byte[] bytes = new byte[length];
    int at = 0;
    while (at < length) {
      int piece = Math.min(length - at, 1 + random.nextInt(5000));
      switch (random.nextInt(4)) {
        case 0 -> {
          byte[] noise = new byte[piece];
          random.nextBytes(noise);
          System.arraycopy(noise, 0, bytes, at, piece);
        }
        case 1 -> {
          int from = at == 0 ? 0 : random.nextInt(at);
          System.arraycopy(bytes, from, bytes, at, Math.min(piece, at - from));
        }
        case 2 -> {
          for (int i = 0; i < piece; i++) {
            // Calls and branches, for the filters.
            bytes[at + i] = (byte) (i % 5 == 0 ? 0xe8 + (i & 1) : i % 5 == 4 ? -(i & 1) : i * i);
          }
        }
        default -> {
          for (int i = 3; i < piece; i += 4) {
            bytes[at + i] = (byte) (i % 3 == 0 ? 0x97 : 0x90);
          }
        }
      }
      at += piece;
    }
    return bytes;
  }

  private byte[] unpack(Path packed) throws IOException {
    try (MappedFile file = MappedFile.open(packed);
        MappedFile unpacked =
            UnpackedFile.unpack(
                packed, file.bytes(), 0, 1 << 30, Packing.of(file.bytes()).orElseThrow())) {
      return unpacked.bytes().toArray(ValueLayout.JAVA_BYTE);
    }
  }

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
        "zstd -19 -q",
        "lz4 -q -l -1",
        "lz4 -q -l -9",
        "lzop -1",
        "lzop -9",
        "bzip2 -1",
        "bzip2 -9"
      })
  void unpacksWhatThePackerPacked(String command) throws IOException, InterruptedException {
    for (int length : new int[] {1, 70_000, 1_300_007}) {
      byte[] bytes = content(length);

      assertThat(unpack(pack(command, bytes))).as("%d bytes", length).isEqualTo(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "xz", "lzma", "zstd -q", "lz4 -q -l", "lzop", "bzip2"})
  void unpacksLongRuns(String command) throws IOException, InterruptedException {
    byte[] bytes = new byte[9_000_000];
    bytes[8_000_000] = 1;

    assertThat(unpack(pack(command, bytes))).isEqualTo(bytes);
  }

  @Test
  void unpacksStreamsOneAfterTheOther() throws IOException, InterruptedException {
    for (String command : new String[] {"gzip", "xz", "zstd -q", "bzip2"}) {
      String twice = "t=$(mktemp); cat >$t; " + command + " -c <$t; " + command + " -c <$t; rm $t";
      byte[] bytes = content(100_000);

      assertThat(unpack(pack("( " + twice + " )", bytes)))
          .as(command)
          .hasSize(200_000)
          .startsWith(bytes)
          .endsWith(bytes);
    }
  }
}
