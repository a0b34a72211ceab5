package org.kho4j.cli.abi.reference;

import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.wire.KhoException;
import org.kho4j.handover.wire.StructureView;

/** Structures of the walkthroughs as bytes. */
final class ExampleBytes {

  private ExampleBytes() {}

  /** pfn 0x12345, dirty and uptodate, index 7. */
  static String memfdFolio() {
    StructureView folio = StructureView.allocate(MemfdFolio.STRUCTURE);
    long flags = MemfdFolio.FLAG_DIRTY | MemfdFolio.FLAG_UPTODATE;
    folio.set(MemfdFolio.PFN_AND_FLAGS, 0x12345 | flags << MemfdFolio.PFN_BITS);
    folio.set(MemfdFolio.INDEX, 7);
    return hex(folio);
  }

  /** first 0x549000, 600 pages, VM_ALLOC, order 0. */
  static String vmalloc() {
    StructureView area = StructureView.allocate(KhoVmalloc.STRUCTURE);
    new Descriptor(KhoException.NOWHERE, 0x549000, 600, KhoVmalloc.FLAG_ALLOC, 0).writeTo(area);
    return hex(area);
  }

  private static String hex(StructureView structure) {
    return HexFormat.ofDelimiter(" ").formatHex(structure.bytes().toArray(ValueLayout.JAVA_BYTE));
  }
}
