package org.kho4j.handover.map;

import java.util.List;
import java.util.Optional;
import org.kho4j.handover.wire.HandoverException;

/**
 * What a preserved map holds.
 *
 * @param nodes parts of the map itself: pages of the tree, leaves included; chunks and bitmaps
 * @param blocks preserved blocks by order
 * @param problems what could not be read, and is left out of the counts
 */
public record MapSummary(long nodes, OrderCounts blocks, List<HandoverException> problems) {

  public MapSummary {
    problems = List.copyOf(problems);
  }

  /** The first fault. A page that a dump left out is none. */
  public Optional<HandoverException> fault() {
    return problems.stream().filter(problem -> !problem.isAbsent()).findFirst();
  }
}
