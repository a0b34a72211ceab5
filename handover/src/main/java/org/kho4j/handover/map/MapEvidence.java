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
import org.kho4j.handover.wire.Where;

/**
 * Which form a preserved map has, and how that is known: kernels changed the form under an
 * unchanged version string, and a kernel does not notice.
 *
 * @param form that the map is read in
 * @param certainty how sure that is
 * @param because a sentence with what speaks for it
 */
public record MapEvidence(MapForm form, Certainty certainty, String because) {

  /** How sure it is that a map has a form. */
  public enum Certainty {
    /** The version has no other form with this page size. */
    ONLY("only"),
    /** The user says so. */
    TOLD("told"),
    /** The map shows it. */
    CERTAIN("certain"),
    /** It does not show, and in the other form the map would hardly look like this. */
    LIKELY("likely"),
    /** It does not show, and makes no difference: in each form the map says the same. */
    SAME_EITHER_WAY("same-either-way"),
    /** It does not show. */
    UNSURE("unsure");

    private final String label;

    Certainty(String label) {
      this.label = label;
    }

    /** Such as {@code "same-either-way"}. */
    public String label() {
      return label;
    }
  }

  /**
   * Finds the form of a map.
   *
   * @param rootFdt the root FDT that points at the map
   * @param rootAddress its physical address
   * @param address physical address of the map
   * @param told the form that the user gave, if any
   */
  public static MapEvidence of(
      HandoverMemory memory,
      FdtNode rootFdt,
      long rootAddress,
      KhoVersion version,
      Where where,
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
          Certainty.ONLY,
          "%s has no other form with pages of %s".formatted(version, pageSize));
    }
    if (told != null && forms.contains(told)) {
      return new MapEvidence(told, Certainty.TOLD, "the form was given");
    }
    return usual.isRadix()
        ? ofTree(memory, rootAddress, where, address)
        : BitmapSize.of(memory, rootFdt, where, address);
  }

  /**
   * How deep a tree is: one that lacks a level uses root entries that no key reaches in a whole
   * one, and each has the root FDT's own page in another place.
   */
  private static MapEvidence ofTree(
      HandoverMemory memory, long rootAddress, Where where, long address) {
    PageSize pageSize = memory.pageSize();
    int depth = MapForm.RADIX.depth(pageSize);
    int usable = KhoRadix.rootSlots(pageSize, depth).last() + 1;
    List<Integer> others = new ArrayList<>();
    MemorySegment page = memory.page(where, address);
    for (int slot = usable; slot < 1 << KhoRadix.tableBits(pageSize); slot++) {
      if (page.get(StructureView.U64, 8L * slot) != 0) {
        others.add(slot);
      }
    }
    if (!others.isEmpty()) {
      return new MapEvidence(
          MapForm.RADIX_SHORT,
          Certainty.CERTAIN,
          "%d entries of the root from %d on are in use, and a tree of %d levels has no keys there"
              .formatted(others.size(), usable, depth));
    }
    for (MapForm form : List.of(MapForm.RADIX, MapForm.RADIX_SHORT)) {
      if (preserves(memory, where, address, form, rootAddress)) {
        return new MapEvidence(
            form,
            Certainty.CERTAIN,
            "with %d levels the map preserves the root FDT's own page, as every map does"
                .formatted(form.depth(pageSize)));
      }
    }
    return new MapEvidence(
        MapForm.RADIX,
        Certainty.UNSURE,
        "with neither number of levels does the map preserve the root FDT's own page");
  }

  private static boolean preserves(
      HandoverMemory memory, Where where, long address, MapForm form, long page) {
    try {
      return PreservedMap.of(memory, where, address, form).lookup().isPreserved(page, 0);
    } catch (HandoverException | IllegalArgumentException e) {
      return false;
    }
  }
}
