package org.kho4j.verify.map;

import org.kho4j.handover.map.MapEvidence;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/** Rules for the preserved map: its form. The form has rules of its own for the map's parts. */
public final class MapRules {

  public static final Rule FORM_UNSURE =
      Rule.warning(
          "MAP-015",
          "The content of the map determines its form, if its version has several.",
          "Not checked (6.16 to 7.0): a kernel assumes bitmaps of its own size. Since 6.17.9, a"
              + " kernel that receives bitmaps of 512 bytes also reads the bytes after each"
              + " bitmap, and preserves memory by them.",
          "If you know the release of the kernel, give --map-form.");

  public static final Rule FORM_LIKELY =
      Rule.info(
          "MAP-016",
          "The form of the map is certain, if its version has several.",
          "Both forms give the same result, or the other form is improbable.",
          "Nothing is broken. If you know the release of the kernel, give --map-form to make the"
              + " form certain.");

  private MapRules() {}

  /** Walks the map. If the map is sound, the preserved pages are known afterwards. */
  public static void check(Scene scene, PreservedMap map, Where where) {
    PreservationRules blocks = new PreservationRules(scene, where);
    form(scene, where, map);
    scene.count("mapNodes", 0);
    long absent = scene.findings().absentStructures();
    if (map.form().isRadix()) {
      RadixRules.check(scene, map, where, blocks);
    } else {
      BitmapListRules.check(scene, map, where, blocks);
    }
    if (blocks.faults() > 0) {
      boolean broken = blocks.faults() > scene.findings().absentStructures() - absent;
      scene
          .findings()
          .notChecked(
              broken
                  ? "what is preserved: the map is broken"
                  : "what is preserved: pages of the map are not in the dump");
      return;
    }
    scene.preserved().walked(map);
    blocks.end();
  }

  private static void form(Scene scene, Where where, PreservedMap map) {
    MapEvidence evidence = scene.handover().mapEvidence();
    Rule rule =
        switch (evidence.certainty()) {
          case ONLY, TOLD, CERTAIN -> null;
          case LIKELY, SAME_EITHER_WAY -> FORM_LIKELY;
          case UNSURE -> FORM_UNSURE;
        };
    if (rule != null) {
      scene.report(
          rule, where, map.root(), "treated as %s: %s", evidence.form(), evidence.because());
    }
  }

  /** Claims the map's pages once more, for the walk that finds names. */
  public static void claim(Scene scene, PreservedMap map, Where where) {
    int[] count = new int[1];
    try {
      map.forEachPage(page ->
          scene.claims().claim(where.in("page", count[0]++), page, scene.pageSize().bytes()));
    } catch (HandoverException e) {
      // The first walk reported the fault, and stopped there too.
    }
  }
}
