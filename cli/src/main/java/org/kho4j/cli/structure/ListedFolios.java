package org.kho4j.cli.structure;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Contract;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Field;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;

/** The arrays of folios in vmalloc areas: those of memfds, and that of the kernel's own test. */
final class ListedFolios {

  private ListedFolios() {}

  /** What an area is an array of, by the name of its descriptor's field; null if not known. */
  static @Nullable Field elements(String field) {
    return Contract.VERSIONS.stream()
        .flatMap(version -> version.areas().stream())
        .filter(area -> area.field().equals(field))
        .findFirst()
        .map(area -> area.elements())
        .orElse(null);
  }

  /** How many entries the array of a memfd has; empty for any other structure. */
  static OptionalLong count(StructureView view) {
    return MemfdVersion.ALL.stream()
        .filter(version -> view.structure().has(version.nrFolios()))
        .mapToLong(version -> view.get(version.nrFolios()))
        .findFirst();
  }

  /** How many entries the test's array has; empty for any other blob, and a broken one. */
  static OptionalLong count(Where where, MemorySegment blob) {
    if (!where.name().equals(FdtLayout.KHO_TEST_SUBTREE)) {
      return OptionalLong.empty();
    }
    try {
      return Fdt.read(blob).child("data").stream()
          .mapToLong(data -> TreeValue.number(data, FdtLayout.KHO_TEST_NR_FOLIOS, where, 0))
          .findFirst();
    } catch (FdtException | HandoverException e) {
      return OptionalLong.empty();
    }
  }
}
