package org.kho4j.cli.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.kho4j.cli.captures.Captures;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.Subtree;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.preflight.outgoing.HandoverReader;
import org.kho4j.preflight.outgoing.OutgoingKernel;

/** A version that is not known here is one that a kernel speaks, and no damage. */
class HandedVersionTest {

  private static final String METADATA = "kexec-metadata";

  @Test
  void anotherNumberOfKexecMetadata() throws IOException {
    OutgoingKernel known = withMetadataVersion(1);
    assertThat(known.profile().parts().get(METADATA).versions()).containsExactly("1");
    assertThat(known.profile().release()).contains("7.2.12");
    OutgoingKernel other = withMetadataVersion(2);
    assertThat(other.profile().parts().get(METADATA).versions()).containsExactly("2");
    assertThat(other.profile().release()).isEmpty();
    assertThat(other.content().orElseThrow().parts())
        .isEqualTo(known.content().orElseThrow().parts());
  }

  private static OutgoingKernel withMetadataVersion(int version) throws IOException {
    Path capture = Captures.SMALL.resolve("lab/x86_64-7.2-moments.elf.zst");
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      Overlay patched = new Overlay(memory);
      Handover handover = Handovers.find(memory).getFirst();
      Subtree metadata =
          handover.subtrees(problem -> {}).stream()
              .filter(subtree -> subtree.name().equals(METADATA))
              .findFirst()
              .orElseThrow();
      patched
          .page(metadata.address())
          .set(ValueLayout.JAVA_BYTE, metadata.address() % Overlay.PAGE, (byte) version);
      return HandoverReader.read(Handovers.find(patched).getFirst(), "a capture");
    }
  }
}
