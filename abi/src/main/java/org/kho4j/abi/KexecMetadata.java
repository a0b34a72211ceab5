package org.kho4j.abi;

/** The blob of subtree {@code kexec-metadata}. Since 7.1. */
public final class KexecMetadata {

  public static final String SUBTREE = "kexec-metadata";

  public static final Field VERSION =
      Field.u32(0, "version", "1; a kernel ignores the blob when it is another");
  public static final Field PREVIOUS_RELEASE =
      Field.chars(
          4,
          65,
          "previous_release",
          "release of the kernel that wrote the handover, NUL-terminated");
  public static final Field KEXEC_COUNT =
      Field.u32(
          69,
          "kexec_count",
          "kexec boots since the cold boot, the coming one included: a first handover says 1");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "kho_kexec_metadata",
          Releases.since("7.1"),
          Lifetime.block(0, "at boot", "by nobody: no kernel up to 7.3 frees an incoming one"),
          "include/linux/kho/abi/kexec_metadata.h",
          "Packed. Written at boot by every kernel with KHO on, so it describes that kernel. A blob of fewer than 73 bytes"
              + " is ignored with a warning.",
          VERSION,
          PREVIOUS_RELEASE,
          KEXEC_COUNT);

  public static final int VERSION_1 = 1;

  private KexecMetadata() {}
}
