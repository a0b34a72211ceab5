package org.kho4j.cli.report;

import java.util.List;
import java.util.Locale;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.OwnerKind;

/** Whom a page belongs to, as the picture of memory tells apart. */
enum Owner {
  FDT(0, "root FDT and blobs", true),
  MAP(1, "pages of the map", true),
  STRUCTURE(2, "structures of LUO", true),
  LIST(3, "chunks and the lists in them", true),
  MEMFD(4, "memfd folios", false),
  RESERVATION(5, "reservations", false),
  TEST(6, "kho_test folios", false),
  UNKNOWN(7, "preserved, no owner known", false),
  SCRATCH(8, "scratch", false);

  /** By their numbers. */
  static final List<Owner> ALL = List.of(values());

  private final int number;
  private final String label;
  private final boolean metadata;

  Owner(int number, String label, boolean metadata) {
    this.number = number;
    this.label = label;
    this.metadata = metadata;
  }

  /** The owner that a structure's place tells. */
  static Owner of(Where where) {
    return switch (OwnerKind.of(where)) {
      case ROOT_FDT, SUBTREE -> FDT;
      case MAP -> MAP;
      case STRUCTURE -> STRUCTURE;
      case CHUNK, VMALLOC -> LIST;
      case MEMFD -> MEMFD;
      case RESERVATION -> RESERVATION;
      case KHO_TEST -> TEST;
    };
  }

  /** From 0 on, without gaps. */
  int number() {
    return number;
  }

  String label() {
    return label;
  }

  /** The class that the style sheet knows it by. */
  String style() {
    return "o-" + name().toLowerCase(Locale.ROOT);
  }

  /** Returns whether it is what describes a handover, and not what is handed over. */
  boolean isMetadata() {
    return metadata;
  }

  /** Returns whether its pages are preserved: those of the map and of scratch are not. */
  boolean isPreserved() {
    return this != MAP && this != SCRATCH;
  }
}
