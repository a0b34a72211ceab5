package org.kho4j.cli.structure;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Contract;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Field;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.OwnerKind;

/**
 * The arrays of folios in vmalloc areas, as a walk passes them: those of memfds, and that of the
 * kernel's own test. The owner of an array comes before its memory, which comes in virtual order.
 */
final class FolioArrays {

  private String owner = "";
  private long entries;
  private @Nullable Where sequence;
  private long sequenceBytes;

  /** A structure was passed, which may say how many entries a memfd's array has. */
  void structure(Where where, StructureView view) {
    StructureView fields =
        view.structure().has(MemfdSer.BODY) ? view.embedded(MemfdSer.BODY) : view;
    MemfdVersion.ALL.stream()
        .filter(version -> fields.structure().has(version.nrFolios()))
        .findFirst()
        .ifPresent(version -> {
          owner = where.toString();
          entries = fields.get(version.nrFolios());
        });
  }

  /** A blob was passed, which may say how many entries the test's array has. */
  void blob(Where where, MemorySegment bytes) {
    if (!where.name().equals(FdtLayout.KHO_TEST_SUBTREE)) {
      return;
    }
    try {
      Fdt.read(bytes)
          .child("data")
          .ifPresent(data -> {
            owner = where.in("data").toString();
            entries = TreeValue.number(data, FdtLayout.KHO_TEST_NR_FOLIOS, where, 0);
          });
    } catch (FdtException | HandoverException e) {
      owner = "";
    }
  }

  /**
   * Memory was claimed.
   *
   * @return bytes of the same area, or of the same test's data, that were claimed before
   */
  long before(OwnerKind kind, Where where, long bytes) {
    if (kind != OwnerKind.VMALLOC && kind != OwnerKind.KHO_TEST) {
      return 0;
    }
    Where claiming = where.around();
    if (!claiming.equals(sequence)) {
      sequence = claiming;
      sequenceBytes = 0;
    }
    sequenceBytes += bytes;
    return sequenceBytes - bytes;
  }

  /**
   * Returns the field of the elements of the array in an area; null if the array is not known to
   * hold folios.
   *
   * @param area the place of its descriptor
   */
  @Nullable Field elements(Where area) {
    return !area.around().toString().equals(owner)
        ? null
        : Contract.VERSIONS.stream()
            .flatMap(version -> version.areas().stream())
            .filter(known -> known.field().equals(area.name()))
            .findFirst()
            .map(known -> known.elements())
            .orElse(null);
  }

  /** Returns whether the array that {@link #elements} speaks of has an entry of this number. */
  boolean has(long number) {
    return number >= 0 && Long.compareUnsigned(number, entries) < 0;
  }
}
