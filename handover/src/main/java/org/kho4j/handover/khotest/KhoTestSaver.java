package org.kho4j.handover.khotest;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Incoming;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.StructureView;

/** Hands over folios of data as the kernel's test module does, and restores them. */
public final class KhoTestSaver {

  private static final String PATH = "/" + FdtLayout.KHO_TEST_SUBTREE;
  private static final String FOLIOS_INFO = PATH + "/folios_info";

  private KhoTestSaver() {}

  /**
   * Hands folios over, as they are now: a kernel that runs {@code test_kho} checks their content.
   *
   * @param folios which the generation owns, and which this preserves, at least 1
   */
  public static void save(Generation generation, List<Folio> folios) {
    generation.atomically(() -> {
      save(generation, folios, generation.vmallocZeroed(FOLIOS_INFO, room(folios), 0));
    });
  }

  /**
   * Hands folios over, listed in an area that the caller allocated: one of huge blocks, or with
   * more room than the list needs.
   *
   * @param folios which the generation owns, and which this preserves, at least 1
   * @param list which the generation owns, with room for 8 bytes per folio
   */
  public static void save(Generation generation, List<Folio> folios, OwnedArea list) {
    save(generation, folios, list, Checksum.X86_64);
  }

  /**
   * Hands folios over to a kernel of another machine.
   *
   * @param checksum of the machine that the next kernel runs on
   */
  public static void save(
      Generation generation, List<Folio> folios, OwnedArea list, Checksum checksum) {
    if (list.bytes() < room(folios)) {
      throw new PreservationException(
          FOLIOS_INFO,
          "%d folios do not fit into a list of %d bytes".formatted(folios.size(), list.bytes()));
    }
    generation.atomically(() -> {
      folios.forEach(generation::preserve);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment entries = arena.allocate(list.bytes());
        for (int i = 0; i < folios.size(); i++) {
          Folio folio = folios.get(i);
          entries.set(StructureView.U64, (long) i * Long.BYTES, folio.address() | folio.order());
        }
        list.map(arena).copyFrom(0, entries);
      }
      int sum = checksum.of(() -> folios.stream().map(generation::segment).iterator());
      writeBlob(generation, folios.size(), generation.preserve(FOLIOS_INFO, list), sum);
    });
  }

  private static long room(List<Folio> folios) {
    return (long) folios.size() * Long.BYTES;
  }

  private static void writeBlob(
      Generation generation, int folios, Descriptor folioInfo, int checksum) {
    StructureView descriptor = StructureView.allocate(KhoVmalloc.STRUCTURE);
    folioInfo.writeTo(descriptor);

    // The kernel reserves room for the addresses, which older versions stored in the tree.
    long room = generation.pageSize().bytes() + (long) folios * Long.BYTES;
    Folio blob = generation.allocateZeroed(PATH, generation.orderFor(room));
    generation.preserve(blob);
    MemorySegment tree =
        FdtBuilder.create(generation.segment(blob).asSlice(0, room))
            .beginNode("")
            .property(FdtProperty.ofString("compatible", FdtLayout.KHO_TEST.compatible()))
            .property(u32(FdtLayout.KHO_TEST_MAGIC.name(), FdtLayout.KHO_TEST_MAGIC_NUMBER))
            .beginNode("data")
            .property(u32(FdtLayout.KHO_TEST_NR_FOLIOS.name(), folios))
            .property(
                FdtProperty.ofBytes(
                    FdtLayout.KHO_TEST_FOLIOS_INFO.name(),
                    descriptor.bytes().toArray(ValueLayout.JAVA_BYTE)))
            .property(u32(FdtLayout.KHO_TEST_CSUM.name(), checksum))
            .endNode()
            .endNode()
            .finish();
    generation.addSubtree(FdtLayout.KHO_TEST_SUBTREE, blob.address(), Fdt.totalSize(tree));
  }

  private static FdtProperty u32(String name, int value) {
    return FdtProperty.ofU32(name, value, ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Takes the folios back, and frees the list of them.
   *
   * @throws PreservationException if no test data were handed over, their checksum is wrong, or
   *     they were restored already
   */
  public static List<Folio> restore(Generation generation) {
    Incoming incoming =
        generation
            .incoming()
            .orElseThrow(() -> new PreservationException(PATH, 0, "nothing was handed over"));
    KhoTest test =
        incoming
            .handover()
            .client(KhoTest.CLIENT)
            .orElseThrow(() ->
                new PreservationException(
                    PATH, incoming.handover().root().address(), "there is no such subtree"));
    if (!test.data().checksumMatches()) {
      throw new PreservationException(
          PATH,
          test.address(),
          "the data do not have the checksum 0x%x".formatted(test.checksum()));
    }
    return generation.atomically(() -> {
      List<Folio> folios = new ArrayList<>();
      test.forEachFolio((address, order) -> folios.add(incoming.restoreFolio(address)));
      generation.free(incoming.restore(test.foliosInfo().descriptor()));
      generation.free(incoming.restoreBlob(FdtLayout.KHO_TEST_SUBTREE).orElseThrow().folio());
      return folios;
    });
  }
}
