package org.kho4j.verify;

import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.Where;

/** Rules across structures: who owns what. */
final class OwnerRules {

  static final Rule TWICE =
      Rule.error(
          "OWN-001",
          "No page has two owners.",
          "Not checked (all releases). The first owner that asks gets the page, and the tag is gone: the second is a warning"
              + " about an untagged page, and its restore fails (6.18 to 7.3). Where two sessions have one memfd, finishing"
              + " the second without a retrieve is such a warning, too. Up to 6.17 both get the page, and overwrite each"
              + " other.",
          "The two owners are named: the same memfd was preserved under two tokens, or an address was overwritten.",
          Outcome.WARNED,
          Outcome.FAILED,
          Outcome.LOST);

  static final Rule UNCLAIMED =
      Rule.info(
          "OWN-002",
          "All preserved memory has an owner that is known here.",
          "Memory that no owner asks for stays reserved for as long as the kernel runs (all releases).",
          "Subtrees, file handlers and FLBs that are not known here own memory that counts as unclaimed: their owners may"
              + " well ask for it.");

  static final Rule LOST =
      Rule.warning(
          "OWN-004",
          "Where every owner is known, all preserved memory has one.",
          "Memory that no owner asks for stays reserved for as long as the kernel runs (all releases). Where a list was cut"
              + " off, its sessions and files are lost without a word.",
          "Where the pages look like parts of a list, a next pointer became 0 or a count was lowered. Otherwise memory was"
              + " preserved and never unpreserved: up to a fix in 7.1-rc (8fd2f26fa2a3), a kernel that unpreserved pages in"
              + " other portions than it had preserved left blocks behind, two of one order at the border of two NUMA nodes.",
          Outcome.RESTORED,
          Outcome.LOST);

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
    scene.counts().unknownOwner();
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
}
