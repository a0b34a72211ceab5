package org.kho4j.verify.subtree;

import java.lang.foreign.MemorySegment;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/** Rules for the subtree {@code kexec-metadata}, which names the kernel that handed over. */
public final class MetadataRules {

  private static final String IGNORED =
      "The kernel warns, and ignores the blob (7.1 to 7.3): it does not log the previous kernel's"
          + " release, and counts kexecs from 1 again.";

  public static final Rule SIZE =
      Rule.warning(
          "META-001",
          "The blob has the 73 bytes of its structure.",
          IGNORED,
          "blob-size was overwritten, or the writer has another layout.",
          Outcome.FAILED);

  public static final Rule VERSION =
      Rule.warning(
          "META-002",
          "The blob's version is 1.",
          IGNORED,
          "A newer kernel wrote the blob, or it was overwritten.",
          Outcome.FAILED);

  public static final Rule RELEASE =
      Rule.warning(
          "META-003",
          "The release string ends with a NUL.",
          "Not checked (7.1 to 7.3): the kernel logs the bytes after the field as well.",
          "The blob was overwritten.",
          Outcome.LOST);

  public static final Rule COUNT =
      Rule.warning(
          "META-004",
          "The count of kexecs is at least 1.",
          "Not checked (7.1 to 7.3): the count starts over.",
          "The first handover after a cold boot has count 1: the blob was overwritten.",
          Outcome.LOST);

  private MetadataRules() {}

  public static void check(Scene scene, Subtree subtree, MemorySegment blob) {
    int size = KexecMetadata.STRUCTURE.headerSize();
    if (blob.byteSize() < size) {
      scene.report(
          SIZE,
          subtree.where(),
          subtree.address(),
          "the blob has %d bytes, fewer than %d",
          blob.byteSize(),
          size);
      return;
    }
    StructureView metadata =
        scene.read(
            subtree.where(), new StructureView(KexecMetadata.STRUCTURE, subtree.address(), blob));
    long version = metadata.get(KexecMetadata.VERSION);
    if (version != KexecMetadata.VERSION_1) {
      scene.report(VERSION, subtree.where(), subtree.address(), "version is %d, not 1", version);
      return;
    }
    try {
      metadata.text(KexecMetadata.PREVIOUS_RELEASE, subtree.where());
    } catch (HandoverException e) {
      scene.report(RELEASE, e);
    }
    if (metadata.get(KexecMetadata.KEXEC_COUNT) == 0) {
      scene.report(COUNT, subtree.where(), subtree.address(), "kexec_count is 0");
    }
  }
}
