package org.kho4j.handover;

import org.kho4j.abi.KexecMetadata;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * The content of the subtree {@code kexec-metadata}: the release of the writing kernel and the
 * number of kexecs.
 *
 * @param version of the blob
 * @param previousRelease release of the kernel that wrote the handover
 * @param kexecCount kexec boots since the cold boot, the coming one included
 */
public record Metadata(long version, String previousRelease, long kexecCount) {

  public static final Client<Metadata> CLIENT = new Client<>(KexecMetadata.SUBTREE, Metadata::read);

  private static Metadata read(Handover handover, Subtree subtree) {
    return of(subtree.view(handover.memory(), KexecMetadata.STRUCTURE), subtree.where());
  }

  /**
   * Reads the content of a blob.
   *
   * @param where the blob is, for messages
   * @throws org.kho4j.handover.wire.HandoverException if it is of another version, or broken
   */
  public static Metadata of(StructureView blob, Where where) {
    long version = blob.get(KexecMetadata.VERSION);
    if (version != KexecMetadata.VERSION_1) {
      throw where.broken(blob.address(), "version is %d, but only 1 is known".formatted(version));
    }
    return new Metadata(
        version,
        blob.text(KexecMetadata.PREVIOUS_RELEASE, where),
        blob.get(KexecMetadata.KEXEC_COUNT));
  }
}
