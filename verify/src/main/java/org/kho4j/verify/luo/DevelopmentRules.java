package org.kho4j.verify.luo;

import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.handover.luo.DevelopmentState;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/** Rules for clients of LUO that only development trees have: named, and checked by bounds. */
public final class DevelopmentRules {

  public static final Rule CLIENT =
      Rule.info(
          "DEV-001",
          "Every file handler and every FLB exists in a release.",
          "If the next kernel has the client, the outcome is unknown. If it does not, see LUO-010"
              + " for a file handler; the data of an FLB stay reserved.",
          "A client of a development tree (kho abi --unreleased) or an unknown driver wrote it."
              + " Its memory was not checked.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  public static final Rule BOUNDS =
      Rule.warning(
          "DEV-002",
          "The structures of a development tree's client are in memory, and match their counts.",
          "Unknown: no release has the client.",
          "The layout has changed since kho4j recorded it, or the client's structure was"
              + " overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  private DevelopmentRules() {}

  /** Names a client in development, and checks its structure. */
  static void check(Scene scene, Where where, DevelopmentLayout layout, long data, long entry) {
    DevelopmentState state;
    try {
      state = DevelopmentState.read(scene.memory(), where, layout, data);
      scene.report(
          CLIENT,
          where,
          entry,
          "the %s %s is in no release: %s",
          layout.kind().label(),
          layout,
          state);
      state.check();
    } catch (HandoverException e) {
      scene.report(e.isNewer() ? CLIENT : BOUNDS, e);
    }
  }
}
