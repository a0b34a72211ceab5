package org.kho4j.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.airlift.compress.v3.zstd.ZstdJavaCompressor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.memory.image.MemoryImages;

/**
 * Thousands of damaged dumps: each is refused with an {@link IOException}, or read with nothing but
 * {@link MemoryReadException}, in bounded time.
 */
class MutationTest {

  private static final int ROUNDS = 350;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "small-core.elf",
        "small-zlib.kdump",
        "small-lzo.kdump",
        "small-zstd.kdump",
        "small-zlib.flat",
        "small-core.elf.zst",
        "small-zlib.flat.zst"
      })
  void refusesOrReadsWhatIsDamaged(String name) throws IOException {
    byte[] image = image(name);
    Path path = directory.resolve("image");
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      Files.write(path, mutate(image, random));
      try (PhysicalMemory memory = MemoryImages.open(path)) {
        readAll(memory, random);
      } catch (IOException e) {
        assertThat(e.getMessage()).as("seed %d", seed).startsWith(path.toString());
      } catch (RuntimeException | Error e) {
        throw new AssertionError(name + ", seed " + seed, e);
      }
    }
  }

  private static byte[] image(String name) throws IOException {
    if (!name.endsWith(".zst")) {
      return KernelDumps.small(name);
    }
    byte[] plain = KernelDumps.small(name.substring(0, name.length() - 4));
    ZstdJavaCompressor compressor = new ZstdJavaCompressor();
    byte[] out = new byte[compressor.maxCompressedLength(plain.length)];
    return Arrays.copyOf(out, compressor.compress(plain, 0, plain.length, out, 0, out.length));
  }

  /** Flips bits, sets numbers that break arithmetic, cuts off; headers more often than pages. */
  private static byte[] mutate(byte[] image, Random random) {
    byte[] bytes = image.clone();
    int changes = 1 + random.nextInt(4);
    int[] heads = {64, 512, 4096 + 600, 12 * 1024, bytes.length};
    for (int i = 0; i < changes; i++) {
      int within = Math.min(heads[random.nextInt(heads.length)], bytes.length);
      int at = random.nextInt(within);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> Arrays.fill(bytes, at, Math.min(at + 8, bytes.length), (byte) -1);
        default -> Arrays.fill(bytes, at, Math.min(at + 4, bytes.length), (byte) 0x7f);
      }
    }
    return random.nextInt(5) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }

  private static void readAll(PhysicalMemory memory, Random random) {
    long[] bytes = new long[1];
    memory.forEachRange((address, length) -> {
      assertThat(length).isPositive();
      assertThat(address).isNotNegative();
      assertThat(memory.contains(address, length)).isTrue();
      bytes[0] += length;
      for (long at = 0; at < length && at < 1 << 20; at += 4096) {
        read(memory, address + at, Math.min(4096, length - at));
      }
      read(memory, address + length - 1, 2);
    });
    for (int i = 0; i < 20; i++) {
      read(memory, random.nextLong() >> random.nextInt(64), 1 + random.nextInt(10_000));
    }
  }

  private static void read(PhysicalMemory memory, long address, long length) {
    try {
      assertThat(memory.read(address, length).byteSize()).isEqualTo(length);
    } catch (MemoryReadException e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
  }
}
