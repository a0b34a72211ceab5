package org.kho4j.verify;

import org.kho4j.handover.Subtree;
import org.kho4j.handover.wire.Where;

/** Rules across structures: who owns what. */
final class OwnerRules {

  static final Rule TWICE =
      Rule.error(
          "OWN-001",
          "No page has two owners.",
          "Not checked (all releases). The first owner that asks gets the page, and the tag is gone: the second is a warning"
              + " about an untagged page, and its restore fails (6.18 to 7.3). Up to 6.17 both get it, and overwrite each"
              + " other.",
          "The two owners are named: the same memfd was preserved under two tokens, or an address was overwritten.");

  static final Rule UNCLAIMED =
      Rule.info(
          "OWN-002",
          "All that is preserved has an owner that is known here.",
          "What nobody asks for stays reserved, for as long as the kernel runs (all releases).",
          "Memory of subtrees and file handlers that are not known here counts as unclaimed: their owners may well ask for"
              + " it. Otherwise somebody forgot to unpreserve.");

  static final Rule UNKNOWN =
      Rule.info(
          "OWN-003",
          "Every subtree is one that is known here.",
          "A subtree that nobody asks for stays reserved (all releases); who asks for it by another name finds nothing.",
          "What the blob says, and which memory it owns, was not checked.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  private OwnerRules() {}

  static void unknownSubtree(Scene scene, Subtree subtree) {
    scene.counts().add("unknownSubtrees", 1);
    scene
        .findings()
        .report(
            UNKNOWN,
            subtree.where(),
            subtree.address(),
            "nothing is known of \"%s\" but its blob of %d bytes",
            subtree.name(),
            subtree.size());
  }

  /** All claims of the first walk, and of the second one that named them. */
  static void twice(Scene scene, Claims named) {
    int shift = scene.pageSize().shift();
    named
        .conflicts()
        .forEach((page, owners) -> {
          if (owners.size() > 1) {
            scene
                .findings()
                .report(
                    TWICE,
                    Where.ROOT,
                    page << shift,
                    "page 0x%x is owned by %s, and by %s",
                    page << shift,
                    owners.get(0),
                    owners.get(1));
          }
        });
  }

  static void unclaimed(Scene scene) {
    if (!scene.preserved().isKnown()) {
      return;
    }
    PageBits pages = scene.preserved().pages();
    PageBits owned = scene.claims().owned();
    long end = scene.space().endPage();
    long count = pages.count(0, end, owned);
    int size = scene.pageSize().bytes();
    scene.counts().add("unclaimedBytes", count * size);
    if (count == 0) {
      return;
    }
    boolean unknown = scene.counts().get("unknownSubtrees") > 0;
    long first = pages.firstWithout(owned) * size;
    scene
        .findings()
        .report(
            UNCLAIMED,
            Where.ROOT,
            first,
            "%,d bytes in %,d pages are preserved, and nobody known owns them; the first is 0x%x%s",
            count * size,
            count,
            first,
            unknown ? "; unknown subtrees may own it" : "");
  }
}
