package org.kho4j.cli.structure;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.OwnerKind;
import org.kho4j.verify.result.OwnerVisitor;

/** The names of the data at the addresses that structures hold, by path. */
final class PointerNames implements OwnerVisitor {

  private static final int MOST = 4;

  private final PageSize pageSize;
  private final NavigableMap<Long, Names> wanted = new TreeMap<>();

  /** The names of the data at one address. */
  private static final class Names {
    private final Set<String> structures = new LinkedHashSet<>();
    private final Set<String> owners = new LinkedHashSet<>();
  }

  /** The addresses of some rows, whose names are not known yet. */
  PointerNames(PageSize pageSize, List<ShownStructure> structures) {
    this.pageSize = pageSize;
    structures.stream()
        .flatMap(structure -> structure.rows().stream())
        .mapToLong(this::address)
        .filter(address -> address != 0)
        .forEach(address -> wanted.put(address, new Names()));
  }

  boolean isEmpty() {
    return wanted.isEmpty();
  }

  /** The address in a row: a pointer, a page number, or a number that may be an address; else 0. */
  private long address(FieldRow row) {
    if (row.number().isEmpty()) {
      return 0;
    }
    long number = row.number().getAsLong();
    for (Field.Bits bits : row.bits()) {
      if (bits.width() == MemfdFolio.PFN_BITS) {
        return row.value(bits) << pageSize.shift();
      }
    }
    boolean possible = row.isAddress() || pageSize.isAligned(number);
    return possible && number >>> KhoRadix.MAX_PHYSICAL_BITS == 0 ? number : 0;
  }

  /** Paths of what is at the address in a row; none if it has none, or nothing is there. */
  List<String> of(FieldRow row) {
    Names names = wanted.get(address(row));
    if (names == null) {
      return List.of();
    }
    return List.copyOf(names.structures.isEmpty() ? names.owners : names.structures);
  }

  @Override
  public void structure(Where where, StructureView view) {
    Names names = wanted.get(view.address());
    if (names != null && names.structures.size() < MOST) {
      names.structures.add(where.toString());
    }
  }

  @Override
  public void blob(Where where, long address, MemorySegment bytes) {
    Names names = wanted.get(address);
    if (names != null && names.structures.size() < MOST) {
      names.structures.add(where.toString());
    }
  }

  @Override
  public void owns(Where where, long address, long bytes) {
    if (bytes <= 0 || address < 0 || address + bytes < 0) {
      return;
    }
    OwnerKind kind = OwnerKind.of(where);
    for (Names names : wanted.subMap(address, address + bytes).values()) {
      if (names.owners.size() < MOST) {
        names.owners.add(kind.words() + " " + kind.owner(where));
      }
    }
  }
}
