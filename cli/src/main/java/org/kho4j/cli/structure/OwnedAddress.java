package org.kho4j.cli.structure;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.OwnerKind;

/** The owner and the preserved blocks of one physical address in one handover. */
final class OwnedAddress {

  /** More owners or structures are counted. */
  private static final int MOST = 16;

  /** A preserved block around the address. */
  record Block(long address, int order) {}

  /** An owner. */
  static final class Owner {
    private final OwnerKind kind;
    private final Where where;
    private OptionalLong offset = OptionalLong.empty();
    private @Nullable String outside;
    private @Nullable String offsetUnknown;
    private @Nullable String session;
    private long token;

    private Owner(OwnerKind kind, Where where) {
      this.kind = kind;
      this.where = where;
    }

    OwnerKind kind() {
      return kind;
    }

    /** The file, area, blob or structure. */
    Where where() {
      return where;
    }

    /** Offset of the address in the owner's bytes, if it is known. */
    OptionalLong offset() {
      return offset;
    }

    /** Where the address is, if it is in the owner's pages and not in its bytes; otherwise null. */
    @Nullable String outside() {
      return outside;
    }

    /** Why the offset is not known; null if it is. */
    @Nullable String offsetUnknown() {
      return offsetUnknown;
    }

    /** The session of a file whose content it is, or null. */
    @Nullable String session() {
      return session;
    }

    /** The token of that file. */
    long token() {
      return token;
    }

    void at(long known) {
      offset = OptionalLong.of(known);
      outside = null;
    }

    /**
     * Sets the offset of an address that is in the owner's bytes, or on which side of them it is.
     */
    void in(long bytes, long distance) {
      if (distance >= 0 && distance < bytes) {
        at(distance);
      } else {
        outside(distance < 0);
      }
    }

    void outside(boolean before) {
      outside = before ? "before its start" : "behind its end";
    }

    void unknown(String because) {
      offsetUnknown = because;
    }

    void file(String name, long number) {
      session = name;
      token = number;
    }
  }

  /** A structure that the address is in, with the field. */
  record Inside(Where where, String structure, long address, @Nullable FieldAt field) {}

  private final long address;
  private final List<Block> blocks = new ArrayList<>();
  private final List<Owner> owners = new ArrayList<>();
  private final List<Inside> structures = new ArrayList<>();
  private long moreOwners;
  private @Nullable String preservedUnknownBecause;
  private @Nullable AddressRange scratch;

  OwnedAddress(long address) {
    this.address = address;
  }

  long address() {
    return address;
  }

  /** The preserved blocks around it: one, or several where the map is broken. */
  List<Block> blocks() {
    return blocks;
  }

  /** Why it is not known whether it is preserved; null if it is known. */
  @Nullable String preservedUnknownBecause() {
    return preservedUnknownBecause;
  }

  /** In the order in which they claim it, the first 16. */
  List<Owner> owners() {
    return owners;
  }

  /** Owners beside those that are listed. */
  long moreOwners() {
    return moreOwners;
  }

  /** From the outermost to the innermost, the first 16. */
  List<Inside> structures() {
    return structures;
  }

  /** The scratch region that it is in, or null. */
  @Nullable AddressRange scratch() {
    return scratch;
  }

  void scratch(AddressRange region) {
    scratch = region;
  }

  void block(long start, int order) {
    blocks.add(new Block(start, order));
  }

  void unknownWhetherPreserved(String because) {
    preservedUnknownBecause = because;
  }

  /** Adds an owner; returns null if there are too many, and it is counted only. */
  @Nullable Owner owner(OwnerKind kind, Where where) {
    if (owners.size() >= MOST) {
      moreOwners++;
      return null;
    }
    Owner owner = new Owner(kind, where);
    owners.add(owner);
    return owner;
  }

  void structure(Where where, StructureView view, PageSize pageSize) {
    if (structures.size() < MOST) {
      structures.add(
          new Inside(
              where,
              view.structure().name(),
              view.address(),
              FieldAt.of(view.structure(), pageSize, address - view.address())));
    }
  }

  void element(Where where, String structure, long start, @Nullable FieldAt field) {
    if (structures.size() < MOST) {
      structures.add(new Inside(where, structure, start, field));
    }
  }
}
