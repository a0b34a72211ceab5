package org.kho4j.preflight.part;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.wire.TreeValue;

/** Reads the versions that a subtree's blob names as its own, in every form so far. */
public final class BlobVersions {

  /** Longest version string: its field has 48 bytes. */
  public static final long MAX_LENGTH = 48;

  private BlobVersions() {}

  /** Returns the versions of a device tree's root, and of its children. */
  public static List<String> of(FdtNode tree) {
    Set<String> strings = new LinkedHashSet<>(TreeValue.compatible(tree));
    tree.children().forEach(node -> strings.addAll(TreeValue.compatible(node)));
    return List.copyOf(strings);
  }

  /** Returns the version at the start of a structure. */
  public static List<String> leading(MemorySegment blob) {
    StringBuilder text = new StringBuilder();
    long limit = Math.min(blob.byteSize(), MAX_LENGTH);
    for (long at = 0; at < limit && blob.get(JAVA_BYTE, at) > ' '; at++) {
      text.append((char) blob.get(JAVA_BYTE, at));
    }
    return List.of(text.toString());
  }
}
