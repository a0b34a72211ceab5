package org.kho4j.verify;

import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KhoVersion;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.vmalloc.VmallocRules;

/** The kind of memory that an owner claims, such as a blob, a chunk or content. */
public enum OwnerKind {
  /** The page of the root FDT. */
  ROOT_FDT("root-fdt", "root FDT"),
  /** A page of the preserved map itself. */
  MAP("map", "page of the map"),
  /** The blob of a subtree. */
  SUBTREE("subtree", "blob"),
  /** A structure of LUO or of one of its files. */
  STRUCTURE("structure", "structure"),
  /** A chunk, which lists the blocks of a vmalloc area. */
  CHUNK("chunk", "vmalloc chunk"),
  /** The memory of a vmalloc area. */
  VMALLOC("vmalloc", "vmalloc area"),
  /** The content of a memfd. */
  MEMFD("memfd", "content"),
  /** The memory of a reservation of the command line. */
  RESERVATION("reservation", "reservation"),
  /** The data of the kernel's own test. */
  KHO_TEST("kho_test", "test data");

  private final String label;
  private final String words;

  OwnerKind(String label, String words) {
    this.label = label;
    this.words = words;
  }

  /** Returns the kind of a claim, by its place. */
  public static OwnerKind of(Where where) {
    if (where.top().equals(KhoVersion.MAP_PROPERTY)) {
      return MAP;
    }
    return switch (where.name()) {
      case "" -> ROOT_FDT;
      case "chunk" -> CHUNK;
      case VmallocRules.BLOCK -> VMALLOC;
      case "folio" -> where.top().equals(FdtLayout.KHO_TEST_SUBTREE) ? KHO_TEST : MEMFD;
      case "reservation" -> RESERVATION;
      default -> where.name().equals(where.top()) ? SUBTREE : STRUCTURE;
    };
  }

  /**
   * Returns the owner of a claim of this kind: the file of a folio, the area of a block, otherwise
   * the structure itself.
   */
  public Where owner(Where where) {
    return this == VMALLOC || this == MEMFD || this == KHO_TEST ? where.around() : where;
  }

  /** Returns the label of the kind in JSON. */
  public String label() {
    return label;
  }

  /** Returns the name of the kind in text output. */
  public String words() {
    return words;
  }
}
