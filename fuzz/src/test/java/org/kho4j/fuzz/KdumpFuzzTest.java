package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import org.kho4j.memory.MemorySource;

class KdumpFuzzTest {

  @FuzzTest
  void reads(byte @NotNull [] bytes) {
    ImageFile.read(bytes, MemorySource.Kind.KDUMP);
  }
}
