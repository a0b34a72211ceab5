package org.kho4j.cli.structure;

import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.OwnerKind;
import org.kho4j.verify.OwnerVisitor;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.Verifier;

/**
 * Finds who owns some addresses in one handover: what a verification claims, the rules' own walk.
 */
final class AddressQuery implements OwnerVisitor {

  private final Handover handover;
  private final PageSize pageSize;
  private final NavigableMap<Long, OwnedAddress> asked = new TreeMap<>();
  private final FolioArrays arrays = new FolioArrays();

  private AddressQuery(Handover handover, Collection<Long> addresses) {
    this.handover = handover;
    this.pageSize = handover.pageSize();
    addresses.forEach(address -> asked.put(address, new OwnedAddress(address)));
  }

  /**
   * Looks up addresses. Nothing is known of a handover that a kernel has taken.
   *
   * @param options where scratch is
   */
  static Collection<OwnedAddress> of(
      Handover handover, Verifier.Options options, Collection<Long> addresses) {
    AddressQuery query = new AddressQuery(handover, addresses);
    if (handover.taken().isEmpty()) {
      Verifier.verify(handover, options, finding -> {}, query);
      query.asked.values().forEach(query::preserved);
      Scratch.of(handover, options).ifPresent(scratch -> scratch.regions().forEach(query::scratch));
      query.files();
    }
    return query.asked.values();
  }

  /** The addresses in some pages, as far as a claim reaches: whole pages are preserved. */
  private Collection<OwnedAddress> inPages(long address, long bytes) {
    long last = address + bytes - 1;
    if (bytes <= 0 || address < 0 || last < address) {
      return List.of();
    }
    long mask = pageSize.bytes() - 1L;
    return asked.subMap(address & ~mask, true, last | mask, true).values();
  }

  @Override
  public void owns(Where where, long address, long bytes) {
    OwnerKind kind = OwnerKind.of(where);
    long before = arrays.before(kind, where, bytes);
    for (OwnedAddress one : inPages(address, bytes)) {
      long offset = one.address() - address;
      OptionalLong known =
          kind == OwnerKind.MEMFD || offset < 0 || offset >= bytes
              ? OptionalLong.empty()
              : OptionalLong.of(before + offset);
      Where owner = kind.owner(where);
      one.owner(kind, owner, known);
      if (kind == OwnerKind.VMALLOC && known.isPresent()) {
        element(one, owner, known.getAsLong());
      }
    }
  }

  /** The entry of an array whose layout the contract says, if it is one that is in use. */
  private void element(OwnedAddress one, Where area, long offset) {
    Field elements = arrays.elements(area);
    if (elements == null || !arrays.has(offset / elements.size())) {
      return;
    }
    long number = offset / elements.size();
    long inside = offset % elements.size();
    Structure structure = elements.type() == Field.Type.STRUCTURE ? elements.target() : null;
    one.element(
        area.around().in("folio", number),
        structure == null ? elements.type().label() : structure.name(),
        one.address() - inside,
        structure == null
            ? new FieldAt(elements.name(), inside)
            : FieldAt.of(structure, pageSize, inside));
  }

  @Override
  public void structure(Where where, StructureView view) {
    arrays.structure(where, view);
    long size = view.structure().size(pageSize);
    if (view.address() >= 0 && view.address() + size > view.address()) {
      asked
          .subMap(view.address(), view.address() + size)
          .values()
          .forEach(one -> one.structure(where, view, pageSize));
    }
  }

  @Override
  public void blob(Where where, long address, MemorySegment bytes) {
    arrays.blob(where, bytes);
    for (OwnedAddress one : inPages(address, bytes.byteSize())) {
      long offset = one.address() - address;
      for (OwnedAddress.Owner owner : one.owners()) {
        if (owner.kind() == OwnerKind.SUBTREE
            && owner.where().toString().equals(where.toString())
            && offset >= 0) {
          owner.at(offset);
        }
      }
    }
  }

  /** The blocks around an address, as the map has them. */
  private void preserved(OwnedAddress one) {
    if (!handover.hasMap()) {
      one.unknownWhetherPreserved("the preserved map is " + handover.mapState().label());
      return;
    }
    if (one.address() >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      return;
    }
    try {
      PreservedMap.Lookup lookup = handover.preservedMap().lookup();
      for (int order = 0; order <= KhoRadix.maxOrder(pageSize); order++) {
        long start = one.address() & -pageSize.blockBytes(order);
        if (lookup.isPreserved(start, order)) {
          one.block(start, order);
        }
      }
    } catch (HandoverException e) {
      one.unknownWhetherPreserved(Units.printable(e));
    }
  }

  private void scratch(AddressRange region) {
    asked.values().stream()
        .filter(one -> one.address() >= region.address() && one.address() < region.end())
        .forEach(one -> one.scratch(region));
  }

  /** Finds the file offsets of addresses in folios. */
  private void files() {
    Map<String, NavigableMap<Long, OwnedAddress.Owner>> contents = new HashMap<>();
    for (OwnedAddress one : asked.values()) {
      for (OwnedAddress.Owner owner : one.owners()) {
        if (owner.kind() == OwnerKind.MEMFD) {
          NavigableMap<Long, OwnedAddress.Owner> wanted =
              contents.computeIfAbsent(owner.where().toString(), path -> new TreeMap<>());
          if (wanted.putIfAbsent(one.address(), owner) != null) {
            owner.unknown("the file has this memory twice");
          }
        }
      }
    }
    if (contents.isEmpty()) {
      return;
    }
    try {
      handover
          .client(LiveUpdate.CLIENT)
          .ifPresent(luo ->
              luo.sessions(problem -> {})
                  .forEach(
                      session -> session.files().forEach(file -> file(session, file, contents))));
    } catch (HandoverException e) {
      contents.values().forEach(wanted -> unknown(wanted, Units.printable(e)));
    }
  }

  /** A path is looked at once: where names and tokens repeat, the first file has it. */
  private static void file(
      Session session,
      PreservedFile file,
      Map<String, NavigableMap<Long, OwnedAddress.Owner>> contents) {
    NavigableMap<Long, OwnedAddress.Owner> wanted = contents.remove(file.where().toString());
    if (wanted == null) {
      return;
    }
    wanted.values().forEach(owner -> owner.file(session.name(), file.token()));
    try {
      file.as(Memfd.HANDLER)
          .ifPresent(memfd ->
              memfd
                  .content()
                  .forEachPiece((offset, address, bytes) ->
                      wanted
                          .subMap(address, address + bytes)
                          .forEach((at, owner) -> owner.at(offset + at - address))));
      unknown(wanted, "no part of the file, or beyond its end");
    } catch (HandoverException e) {
      unknown(wanted, Units.printable(e));
    }
  }

  private static void unknown(NavigableMap<Long, OwnedAddress.Owner> owners, String because) {
    owners.values().forEach(owner -> owner.unknown(because));
  }
}
