package org.kho4j.cli.structure;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.OwnerKind;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.OwnerVisitor;

/**
 * Finds who owns some addresses in one handover: what a verification claims, the rules' own walk.
 */
final class AddressQuery implements OwnerVisitor {

  private final Handover handover;
  private final PageSize pageSize;
  private final NavigableMap<Long, OwnedAddress> asked = new TreeMap<>();
  private final FolioArrays arrays = new FolioArrays();
  private final Map<PreservedFile, NavigableMap<Long, Queue<OwnedAddress.Owner>>> contents =
      new LinkedHashMap<>();
  private @Nullable StructureView last;
  private @Nullable PreservedFile file;
  private String session = "";

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
      query.contents.forEach(AddressQuery::offsets);
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
    Where place = kind.owner(where);
    for (OwnedAddress one : inPages(address, bytes)) {
      OwnedAddress.Owner owner = one.owner(kind, place);
      if (owner == null) {
        continue;
      }
      long distance = one.address() - address;
      switch (kind) {
        case MEMFD -> content(owner, one.address());
        case ROOT_FDT -> owner.in(handover.root().totalSize(), distance);
        case SUBTREE -> blob(owner, address, bytes, one.address());
        case STRUCTURE ->
            owner.in(last != null && last.address() == address ? size(last) : bytes, distance);
        default -> owner.in(before + bytes, before + distance);
      }
      if (kind == OwnerKind.VMALLOC && owner.offset().isPresent()) {
        element(one, place, owner.offset().getAsLong());
      }
    }
  }

  /** An address in the content of the file whose entry was passed last. */
  private void content(OwnedAddress.Owner owner, long address) {
    if (file == null) {
      return;
    }
    owner.file(session, file.token());
    contents
        .computeIfAbsent(file, it -> new TreeMap<>())
        .computeIfAbsent(address, it -> new ArrayDeque<>())
        .add(owner);
  }

  /** An address in the pages of a blob, which may begin and end anywhere in them. */
  private void blob(OwnedAddress.Owner owner, long pages, long bytes, long address) {
    handover.subtrees(problem -> {}).stream()
        .filter(subtree -> subtree.where().toString().equals(owner.where().toString()))
        .filter(subtree -> subtree.address() >= pages && subtree.address() - pages < bytes)
        .findFirst()
        .ifPresent(subtree -> owner.in(subtree.size(), address - subtree.address()));
  }

  /** The entry of an array whose layout the contract says, if it is one that is in use. */
  private void element(OwnedAddress one, Where area, long offset) {
    Field elements = arrays.elements(area);
    if (elements == null
        || !arrays.has(offset / elements.size())
        || !handover.memory().physical().isRam(one.address(), 1)) {
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
    last = view;
    if (view.structure().has(LuoSession.NAME)) {
      session = view.text(LuoSession.NAME, where, problem -> {});
    } else if (view.structure().has(LuoFile.TOKEN)) {
      file =
          new PreservedFile(
              handover,
              where,
              view.address(),
              view.text(LuoFile.COMPATIBLE, where, problem -> {}),
              view.get(LuoFile.DATA),
              view.get(LuoFile.TOKEN));
    }
    long size = size(view);
    if (view.address() >= 0 && view.address() + size > view.address()) {
      asked
          .subMap(view.address(), view.address() + size)
          .values()
          .forEach(one -> one.structure(where, view, pageSize));
    }
  }

  private long size(StructureView view) {
    return view.structure().size(pageSize);
  }

  /** A device tree may be larger than the blob that the root FDT lists. */
  @Override
  public void blob(Where where, long address, MemorySegment bytes) {
    arrays.blob(where, bytes);
    for (OwnedAddress one : inPages(address, bytes.byteSize())) {
      long offset = one.address() - address;
      OwnedAddress.Owner owner = one.owners().isEmpty() ? null : one.owners().getLast();
      if (owner != null
          && owner.kind() == OwnerKind.SUBTREE
          && owner.where().toString().equals(where.toString())
          && offset >= 0
          && offset < bytes.byteSize()) {
        owner.at(offset);
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

  /** Finds the offsets of addresses in the content of a file. */
  private static void offsets(
      PreservedFile file, NavigableMap<Long, Queue<OwnedAddress.Owner>> owners) {
    try {
      file.as(Memfd.HANDLER)
          .ifPresent(memfd ->
              memfd
                  .content()
                  .forEachPiece((offset, address, bytes) ->
                      owners
                          .subMap(address, address + bytes)
                          .forEach((at, same) -> found(same, offset + at - address))));
      owners.values().forEach(rest -> rest.forEach(owner -> owner.outside(false)));
    } catch (HandoverException e) {
      owners.values().forEach(rest -> rest.forEach(owner -> owner.unknown(Units.printable(e))));
    }
  }

  /** A file that has some memory several times owns it as often. */
  private static void found(Queue<OwnedAddress.Owner> same, long offset) {
    OwnedAddress.Owner owner = same.poll();
    if (owner != null) {
      owner.at(offset);
    }
  }
}
