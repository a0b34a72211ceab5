package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.kho4j.preflight.image.BuiltIn;
import org.kho4j.preflight.image.Feature;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;

class KernelImageFuzzTest {

  /** How packed kernels start: bytes that do not would be refused at once. */
  private static final byte[][] STARTS = {
    {},
    {0x1f, (byte) 0x8b, 8, 0},
    {(byte) 0xfd, '7', 'z', 'X', 'Z', 0, 0, 1, 0x69, 0x22, (byte) 0xde, 0x36},
    {0x5d, 0, 0, 0x10, 0},
    {2, 0x21, 0x4c, 0x18},
    {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd},
    {4, 0x22, 0x4d, 0x18},
  };

  private static final Path FILE = create();

  private static Path create() {
    try {
      Path file = Files.createTempFile("kho4j-fuzz-", ".kernel");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @FuzzTest
  void reads(byte @NotNull [] bytes) {
    read(bytes);
  }

  /** The first byte says how the rest is to start. */
  @FuzzTest
  void unpacks(byte @NotNull [] bytes) {
    if (bytes.length == 0) {
      return;
    }
    byte[] start = STARTS[(bytes[0] & 0xff) % STARTS.length];
    byte[] packed = Arrays.copyOfRange(bytes, 1, Math.max(bytes.length, 1 + start.length));
    System.arraycopy(start, 0, packed, 0, start.length);
    read(packed);
  }

  /** Nothing but a sentence comes of any bytes. */
  private static void read(byte[] bytes) {
    try {
      Files.write(FILE, bytes);
      KernelImage image = KernelImages.read(FILE);
      image.strings("kho");
      BuiltIn.of(image, Feature.KHO);
      BuiltIn.of(image, Feature.KHO_TEST);
    } catch (IOException e) {
      if (e.getMessage() == null || !e.getMessage().startsWith(FILE.toString())) {
        throw new AssertionError("does not name the file", e);
      }
    }
  }
}
