package org.kho4j.verify.unclaimed;

import java.util.List;
import java.util.Set;
import org.kho4j.abi.KhoVersion;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.state.Claims;

/** Rules across structures: the owners of memory. */
public final class OwnerRules {

  public static final Rule TWICE =
      Rule.error(
          "OWN-001",
          "No page has two owners.",
          "Not checked (all releases). The first owner that restores the page gets it, and its tag"
              + " is removed. For the second owner, the kernel warns about an untagged page, and"
              + " the restore fails (6.18 to 7.3). If two sessions have one memfd, the kernel also"
              + " warns when the second is finished without a retrieve. Up to 6.17, both owners"
              + " get the page, and overwrite each other's data.",
          "The same memfd was preserved under two tokens, or an address was overwritten. The"
              + " finding names both owners.",
          Outcome.WARNED,
          Outcome.FAILED,
          Outcome.LOST);

  public static final Rule UNCLAIMED =
      Rule.info(
          "OWN-002",
          "All preserved memory has a known owner.",
          "Memory that no owner restores stays reserved as long as the kernel runs (all releases).",
          "The memory may belong to a subtree, file handler or FLB that kho4j does not know, and"
              + " that restores it.");

  public static final Rule LOST =
      Rule.warning(
          "OWN-004",
          "Preserved memory has an owner, if every owner is known or the memory looks like a part of"
              + " LUO's lists.",
          "Memory that no owner restores stays reserved as long as the kernel runs (all releases)."
              + " If a list was cut off, its sessions and files are lost without a message.",
          "If the pages look like parts of a list, a next pointer was set to 0 or a count was"
              + " lowered. Otherwise a client preserved memory and never unpreserved it. Before a"
              + " fix in 7.1-rc (8fd2f26fa2a3), a kernel also left blocks behind if it unpreserved"
              + " pages in other portions than it had preserved: two blocks of one order at the"
              + " boundary of two NUMA nodes.",
          Outcome.RESTORED,
          Outcome.LOST);

  public static final Rule UNKNOWN =
      Rule.info(
          "OWN-003",
          "Every subtree is known.",
          "The memory of a subtree that no client restores stays reserved (all releases). A client"
              + " that uses another name does not find it.",
          "The content of the blob, and the memory that it owns, were not checked.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  /** Names below the root of what the kernel reads before any client: the root FDT and the map. */
  private static final Set<String> MAP = Set.of("", KhoVersion.MAP_PROPERTY);

  private OwnerRules() {}

  public static void unknownSubtree(Scene scene, Subtree subtree) {
    scene.count("unknownSubtrees", 1);
    scene.findings().unknownOwner();
    scene.report(
        UNKNOWN,
        subtree.where(),
        subtree.address(),
        "subtree \"%s\" is unknown; its blob has %d bytes",
        subtree.name(),
        subtree.size());
  }

  /**
   * Checks the pages that are claimed twice, by the first walk and the second walk, which named
   * their owners. The finding is that of the second owner. Which of two subtrees is restored first
   * depends on their clients, so there it is that of both; the map is read before all of them.
   */
  public static void twice(Scene scene, Claims named) {
    named
        .conflicts()
        .forEach((page, owners) -> {
          if (owners.size() > 1) {
            Where first = owners.getFirst();
            Where second = owners.getLast();
            if (!first.top().equals(second.top()) && !MAP.contains(first.top())) {
              twice(scene, first, page, owners);
            }
            twice(scene, second, page, owners);
          }
        });
  }

  private static void twice(Scene scene, Where owner, long page, List<Where> owners) {
    long address = page << scene.pageSize().shift();
    scene.report(
        TWICE,
        owner,
        address,
        "page 0x%x has two owners: %s, and %s",
        address,
        owners.getFirst(),
        owners.getLast());
  }
}
