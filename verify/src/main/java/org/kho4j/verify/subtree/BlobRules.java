package org.kho4j.verify.subtree;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/** Rules for the blob of any subtree: its place, its size, and that it is preserved. */
public final class BlobRules {

  public static final Rule BLOB =
      Rule.error(
          "FDT-008",
          "Every subtree's blob is in memory, with all of its blob-size bytes.",
          "Not checked (7.3): the owner reads arbitrary memory, or faults; LUO does so in early"
              + " boot.",
          "Compare the address with the machine's memory, and --base.",
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule BLOB_PRESERVED =
      Rule.error(
          "FDT-009",
          "Every subtree's blob is preserved.",
          "Not checked (all releases): the pages are free memory for the next kernel, which"
              + " overwrites the blob sooner or later. An owner that reads the blob during boot"
              + " finds it intact (7.3.4); an owner that reads it later finds other data.",
          "Allocate blobs with kho_alloc_preserve, and keep them preserved until the subtree is removed.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  public static final Rule BLOB_SIZE =
      Rule.warning(
          "FDT-010",
          "If a blob is a device tree, its totalsize equals blob-size.",
          "Not compared (7.1 to 7.3): the owner uses totalsize, and debugfs uses blob-size.",
          "The blob grew after it was registered, or one of the two was overwritten.");

  private BlobRules() {}

  /** Returns the blob's bytes; null if there are none, or they are absent. */
  public static @Nullable MemorySegment read(Scene scene, Subtree subtree) {
    try {
      subtree.requirePossible(scene.memory());
    } catch (HandoverException e) {
      scene.reportBroken(BLOB, e);
      return null;
    }
    preserved(scene, subtree);
    MemorySegment blob;
    try {
      blob = scene.memory().bytes(subtree.where(), subtree.address(), subtree.size());
    } catch (HandoverException e) {
      scene.report(BLOB, e);
      return null;
    }
    return tree(scene, subtree).orElse(blob);
  }

  /**
   * Returns the device tree in a blob.
   *
   * @throws HandoverException if the blob is none, or of another client
   */
  static FdtNode tree(Subtree subtree, MemorySegment blob, FdtLayout layout) {
    FdtNode tree;
    try {
      tree = Fdt.read(blob);
    } catch (FdtException e) {
      throw subtree.where().broken(subtree.address() + e.offset(), e);
    }
    TreeValue.requireCompatible(tree, layout.compatible(), subtree.where(), subtree.address());
    return tree;
  }

  private static void preserved(Scene scene, Subtree subtree) {
    int shift = scene.pageSize().shift();
    long first = subtree.address() >>> shift;
    long count = ((subtree.address() + subtree.size() - 1) >>> shift) - first + 1;
    long missing = scene.preserved().firstNotPreserved(subtree.address(), subtree.size());
    if (missing >= 0) {
      scene.report(
          BLOB_PRESERVED,
          subtree.where(),
          subtree.address(),
          "page 0x%x of the blob is not preserved",
          missing);
    }
    int order =
        scene.preserved().isKnown()
            ? Math.max(0, scene.preserved().orderAround(first << shift))
            : 0;
    long bytes = Math.max(count << shift, scene.pageSize().blockBytes(order));
    // The owner of the blob owns the block at the blob's start.
    boolean begins = ((first << shift) & (scene.pageSize().blockBytes(order) - 1)) == 0;
    scene.take(subtree.where(), first << shift, begins ? bytes : count << shift);
  }

  /** Returns what the owner reads of a device tree; empty if that is the blob, or it is none. */
  private static Optional<MemorySegment> tree(Scene scene, Subtree subtree) {
    MemorySegment tree;
    try {
      tree = scene.memory().treeBytes(subtree.where(), subtree.address(), subtree.size());
    } catch (HandoverException e) {
      return Optional.empty(); // The rules of the blob's owner report what they lack.
    }
    long total = Fdt.totalSize(tree);
    if (total == subtree.size()) {
      return Optional.empty();
    }
    scene.report(
        BLOB_SIZE,
        subtree.where(),
        subtree.address(),
        "totalsize is %d, but blob-size is %d",
        total,
        subtree.size());
    return Optional.of(tree);
  }
}
