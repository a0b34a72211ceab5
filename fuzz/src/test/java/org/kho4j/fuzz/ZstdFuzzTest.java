package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import org.kho4j.memory.MemorySource;

class ZstdFuzzTest {

  @FuzzTest
  void reads(byte @NotNull [] bytes) {
    byte[] image = bytes.clone();
    // Nearly all bytes would be a raw image otherwise.
    byte[] magic = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};
    System.arraycopy(magic, 0, image, 0, Math.min(magic.length, image.length));
    ImageFile.read(image, MemorySource.Kind.RAW);
  }
}
