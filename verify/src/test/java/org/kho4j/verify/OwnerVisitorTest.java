package org.kho4j.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;

/** Who owns what, told on the way. */
class OwnerVisitorTest {

  @ParameterizedTest
  @MethodSource("org.kho4j.verify.SoundCapturesTest#captures")
  void everyPreservedPageOfARealKernelIsToldOnceWithItsOwner(Path capture) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(capture, OpenOptions.DEFAULT)) {
      for (Handover handover : Handovers.find(memory)) {
        if (handover.role() == Handover.Role.OUTGOING) {
          everyPreservedPageIsToldOnce(handover);
        }
      }
    }
  }

  private static void everyPreservedPageIsToldOnce(Handover handover) {
    int shift = handover.pageSize().shift();
    BitSet owned = new BitSet();
    BitSet nodes = new BitSet();
    Map<Long, String> names = new HashMap<>();
    Verifier.verify(
        handover,
        Verifier.Options.ALL,
        finding -> {},
        (where, address, bytes) -> {
          names.put(address, where.toString());
          BitSet set = where.top().equals("preserved-memory-map") ? nodes : owned;
          int first = (int) (address >>> shift);
          int end = (int) ((address + bytes) >>> shift);
          assertThat(set.get(first, end).isEmpty())
              .as("%s owns 0x%x again", where, address)
              .isTrue();
          set.set(first, end);
        });
    BitSet preserved = new BitSet();
    handover
        .preservedMap()
        .forEachRun((order, address, bytes) ->
            preserved.set((int) (address >>> shift), (int) ((address + bytes) >>> shift)));
    assertThat(owned).isEqualTo(preserved);
    assertThat(nodes.intersects(preserved)).isFalse();
    assertThat(names).containsEntry(handover.root().address(), "/");
    handover
        .subtrees(problem -> {})
        .forEach(subtree ->
            assertThat(names)
                .containsEntry(subtree.address() >>> shift << shift, "/" + subtree.name()));
  }
}
