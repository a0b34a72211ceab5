package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.lang.foreign.MemorySegment;
import org.kho4j.files.MalformedImageException;
import org.kho4j.preflight.btf.Btf;

class BtfFuzzTest {

  @FuzzTest
  void reads(byte @NotNull [] bytes) {
    try {
      Btf btf = Btf.parse(MemorySegment.ofArray(bytes), "it");
      btf.structs();
      btf.enumeration("wide");
      btf.typedef("u64");
      btf.hasFunction("kho_preserve_folio");
    } catch (MalformedImageException e) {
      if (!e.getMessage().startsWith("it ")) {
        throw new AssertionError("does not say what is malformed", e);
      }
    }
  }
}
