package org.kho4j.verify;

import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.handover.luo.DevelopmentState;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/** Clients of LUO that development trees have and no release: named, and checked by bounds. */
final class DevelopmentRules {

  static final Rule CLIENT =
      Rule.info(
          "DEV-001",
          "Every file handler and every FLB is one that a release has.",
          "Where the next kernel has the client: not known of a real kernel. Where it has not, see LUO-010 for a file"
              + " handler; data of an FLB that nobody asks for stay reserved.",
          "A client of a development tree wrote it (kho abi --unreleased), or a driver that is not known here. What it owns"
              + " was not checked.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  static final Rule BOUNDS =
      Rule.warning(
          "DEV-002",
          "What a client of a development tree hands over is in memory, and fits its own counts.",
          "Not known of a real kernel: no release has the client.",
          "The layout has changed since it was recorded here, or the client's structure was overwritten.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST,
          Outcome.PANIC);

  private DevelopmentRules() {}

  /** Names a client in development, and checks its structure. */
  static void check(Scene scene, Where where, DevelopmentLayout layout, long data, long entry) {
    Findings findings = scene.findings();
    DevelopmentState state;
    try {
      state = DevelopmentState.read(scene.memory(), where, layout, data);
      findings.report(
          CLIENT,
          where,
          entry,
          "the %s %s is in no release: %s",
          layout.kind().label(),
          layout,
          state);
      state.check();
    } catch (HandoverException e) {
      findings.report(e.isNewer() ? CLIENT : BOUNDS, e);
    }
  }
}
