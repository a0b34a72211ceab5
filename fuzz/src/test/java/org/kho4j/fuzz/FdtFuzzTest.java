package org.kho4j.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtEditor;
import org.kho4j.fdt.FdtError;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;

class FdtFuzzTest {

  private static final int SPARE_BYTES = 100;

  /** Any bytes are a tree or an FdtException, and a tree that is written reads the same. */
  @FuzzTest
  void reads(byte @NotNull [] bytes) {
    FdtNode tree;
    try {
      tree = Fdt.read(MemorySegment.ofArray(bytes));
    } catch (FdtException e) {
      check(e.offset() >= 0 && e.offset() <= bytes.length, e.toString());
      return;
    }
    check(Fdt.read(Fdt.write(tree)).equals(tree), "what is written reads otherwise");
  }

  /** What can be read can be edited, and afterwards it can still be read. */
  @FuzzTest
  void edits(byte @NotNull [] bytes) {
    MemorySegment buffer = MemorySegment.ofArray(Arrays.copyOf(bytes, bytes.length + SPARE_BYTES));
    FdtNode before;
    FdtEditor editor;
    try {
      before = Fdt.read(MemorySegment.ofArray(bytes));
      editor = FdtEditor.open(buffer);
    } catch (FdtException e) {
      return;
    }
    check(editor.read().equals(before), "what is opened reads otherwise");
    try {
      if (before.child("new").isEmpty()) {
        editor.root().addSubnode("new").set(FdtProperty.ofBytes("data", new byte[9]));
      }
      before.children().forEach(child -> editor.root().child(child.name()).remove());
      before.properties().forEach(property -> editor.root().removeProperty(property.name()));
    } catch (FdtException e) {
      check(e.error() == FdtError.NO_SPACE, e.toString());
    }
    Fdt.read(editor.pack());
  }

  private static void check(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message);
    }
  }
}
