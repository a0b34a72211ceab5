package org.kho4j.cli.output;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kho4j.handover.wire.HandoverException;

/**
 * Problems of one kind: the first 1,000, and how many more there were. Several parts may read the
 * same structure: a problem that is kept is counted once.
 */
public final class Problems {

  private static final int MOST = 1000;

  private final Map<String, HandoverException> first = new LinkedHashMap<>();
  private long more;

  /** No problems yet. */
  public Problems() {}

  public void add(HandoverException problem) {
    if (first.size() < MOST) {
      first.putIfAbsent(problem.getMessage(), problem);
    } else if (!first.containsKey(problem.getMessage())) {
      more++;
    }
  }

  /** Counts problems that nobody kept. */
  public void addMore(long count) {
    more += count;
  }

  public List<HandoverException> first() {
    return List.copyOf(first.values());
  }

  /** Returns how many there are beside the first. */
  public long more() {
    return more;
  }

  public long count() {
    return first.size() + more;
  }

  public boolean isEmpty() {
    return count() == 0;
  }
}
