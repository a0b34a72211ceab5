package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import org.kho4j.memory.MemorySource;

class LimeFuzzTest {

  private static final byte[] AVML = {'A', 'V', 'M', 'L', 2, 0, 0, 0};

  @FuzzTest
  void reads(byte @NotNull [] bytes) {
    ImageFile.read(bytes, MemorySource.Kind.LIME);
  }

  /** Bytes that do not start as a compressed range would be refused at once. */
  @FuzzTest
  void unpacks(byte @NotNull [] bytes) {
    byte[] image = bytes.clone();
    System.arraycopy(AVML, 0, image, 0, Math.min(AVML.length, image.length));
    ImageFile.read(image, MemorySource.Kind.LIME);
  }
}
