package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;

/** The form is found by content, that of a packed image too. */
class ImageFormFuzzTest {

  @FuzzTest
  void reads(byte @NotNull [] bytes) {
    ImageFile.read(bytes, null);
  }
}
