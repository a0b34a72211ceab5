package org.kho4j.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import org.junit.jupiter.api.Test;
import org.kho4j.handover.handmade.KernelMemory;

class MetadataTest {

  private static final long BLOB = 0x200000;

  private final KernelMemory kernel = new KernelMemory();

  private Metadata read(long size) {
    kernel.subtree("kexec-metadata", BLOB, size);
    return kernel.handover().client(Metadata.CLIENT).orElseThrow();
  }

  @Test
  void readsVersionReleaseAndCount() {
    kernel.ram.put32(BLOB, 1).put(BLOB + 4, "7.3.4-test").put32(BLOB + 69, -2);

    assertThat(read(73)).isEqualTo(new Metadata(1, "7.3.4-test", 0xfffffffeL));
  }

  @Test
  void takesABlobThatGrew() {
    kernel.ram.put32(BLOB, 1).put(BLOB + 4, "7.9").put32(BLOB + 69, 2);

    assertThat(read(80)).isEqualTo(new Metadata(1, "7.9", 2));
  }

  @Test
  void namesABlobThatIsTooShort() {
    kernel.ram.put32(BLOB, 1);

    assertThat(sentenceOf(() -> read(72)))
        .isEqualTo("/kexec-metadata at 0x200000: the blob has 72 bytes, fewer than 73");
  }

  @Test
  void namesAnotherVersion() {
    kernel.ram.put32(BLOB, 2);

    assertThat(sentenceOf(() -> read(73)))
        .isEqualTo("/kexec-metadata at 0x200000: version is 2, but only 1 is known");
  }

  @Test
  void namesAReleaseWithoutEnd() {
    kernel.ram.put32(BLOB, 1).put(BLOB + 4, "7".repeat(65));

    assertThat(sentenceOf(() -> read(73)))
        .isEqualTo("/kexec-metadata at 0x200000: previous_release has no NUL within its 65 bytes");
  }

  @Test
  void namesABlobThatIsAbsent() {
    assertThat(sentenceOf(() -> read(73)))
        .isEqualTo(
            "/kexec-metadata at 0x200000: the memory does not have all of the blob's 73 bytes");
  }
}
