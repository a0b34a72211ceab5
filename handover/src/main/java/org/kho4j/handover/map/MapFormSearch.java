package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.FdtNode;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.StructureView;

/** Finds the form of a preserved map from the version, the user's choice or the map's content. */
public final class MapFormSearch {

  private MapFormSearch() {}

  /**
   * Finds the form of a map.
   *
   * @param rootFdt the root FDT that points at the map
   * @param rootAddress its physical address
   * @param address physical address of the map
   * @param told the form that the user gave, if any
   * @throws HandoverException if a page of the map that decides it cannot be read
   */
  public static MapEvidence of(
      HandoverMemory memory,
      FdtNode rootFdt,
      long rootAddress,
      KhoVersion version,
      long address,
      @Nullable MapForm told) {
    PageSize pageSize = memory.pageSize();
    List<MapForm> forms = version.mapForms();
    MapForm usual = forms.getFirst();
    boolean same =
        forms.stream()
            .allMatch(form ->
                form.depth(pageSize) == usual.depth(pageSize)
                    && form.bitmapBytes(pageSize) == usual.bitmapBytes(pageSize));
    if (same) {
      return new MapEvidence(
          usual,
          MapEvidence.Certainty.ONLY,
          "%s has no other form with pages of %s".formatted(version, pageSize));
    }
    if (told != null && forms.contains(told)) {
      return new MapEvidence(told, MapEvidence.Certainty.TOLD, "the form was given");
    }
    return usual.isRadix()
        ? ofTree(memory, rootAddress, address)
        : BitmapSize.of(memory, rootFdt, address);
  }

  /**
   * Finds the depth of a tree: a tree that lacks a level uses root entries that no key reaches in a
   * complete tree, and each form has the root FDT's own page in another place.
   */
  private static MapEvidence ofTree(HandoverMemory memory, long rootAddress, long address) {
    PageSize pageSize = memory.pageSize();
    int depth = MapForm.RADIX.depth(pageSize);
    int usable = KhoRadix.rootSlots(pageSize, depth).last() + 1;
    List<Integer> others = new ArrayList<>();
    MemorySegment page = memory.page(PreservedMap.PATH, address);
    for (int slot = usable; slot < 1 << KhoRadix.tableBits(pageSize); slot++) {
      if (page.get(StructureView.U64, 8L * slot) != 0) {
        others.add(slot);
      }
    }
    if (!others.isEmpty()) {
      return new MapEvidence(
          MapForm.RADIX_SHORT,
          MapEvidence.Certainty.CERTAIN,
          "%d entries of the root from %d on are in use, and a tree of %d levels has no keys there"
              .formatted(others.size(), usable, depth));
    }
    for (MapForm form : List.of(MapForm.RADIX, MapForm.RADIX_SHORT)) {
      if (preserves(memory, address, form, rootAddress)) {
        return new MapEvidence(
            form,
            MapEvidence.Certainty.CERTAIN,
            "with %d levels the map preserves the root FDT's own page, as every map does"
                .formatted(form.depth(pageSize)));
      }
    }
    return new MapEvidence(
        MapForm.RADIX,
        MapEvidence.Certainty.UNSURE,
        "with neither number of levels does the map preserve the root FDT's own page");
  }

  private static boolean preserves(HandoverMemory memory, long address, MapForm form, long page) {
    try {
      return PreservedMap.of(memory, address, form).lookup().isPreserved(page, 0);
    } catch (HandoverException e) {
      if (e.isAbsent()) {
        throw e;
      }
      return false;
    }
  }
}
