package org.kho4j.handover.map;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kho4j.handover.wire.HandoverException;

/**
 * The counts of a preserved map: its own parts, and its blocks by order.
 *
 * @param nodes parts of the map itself: pages of the tree, leaves included; chunks and bitmaps
 * @param blocks preserved blocks by order
 * @param problems faults of the parts that could not be read and are left out of the counts, and of
 *     the map as a whole
 */
public record MapSummary(long nodes, OrderCounts blocks, List<HandoverException> problems) {

  public MapSummary {
    problems = List.copyOf(problems);
  }

  /** Returns the first fault. A page that a dump left out is not a fault. */
  public Optional<HandoverException> fault() {
    return problems.stream().filter(problem -> !problem.isAbsent()).findFirst();
  }

  /** Returns the summary with one problem more, that of the map as a whole. */
  public MapSummary with(HandoverException problem) {
    List<HandoverException> all = new ArrayList<>(problems);
    all.addFirst(problem);
    return new MapSummary(nodes, blocks, all);
  }
}
