package org.kho4j.verify.unclaimed;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.StringJoiner;
import java.util.TreeSet;
import org.kho4j.abi.ByteSize;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.scene.Scene;

/**
 * Preserved memory without an owner: its size, its ranges, and the structures that its pages look
 * like. A truncated list leaves the rest of its blocks here, and the sessions, files and memfds
 * that they list.
 */
public final class Unclaimed {

  /**
   * Most pages that are inspected, in all and of one run: structures are scattered, data are not.
   */
  private static final int MAX_LOOKS = 1 << 18;

  private static final int MAX_LOOKS_OF_RUN = 1 << 12;

  private static final int RUNS_NAMED = 6;

  private final Scene scene;
  private final Lookalike lookalike;
  private final StringJoiner runs = new StringJoiner(", ");
  private final Map<Lookalike.Kind, Found> found = new EnumMap<>(Lookalike.Kind.class);
  private long first = -1;
  private long runCount;
  private long pageCount;
  private int looks;

  /** Pages of one kind. */
  private static final class Found {
    private final List<Lookalike.Seen> all = new ArrayList<>();
    private final Set<Long> followers = new HashSet<>();
    private long entries;

    void add(Lookalike.Seen seen) {
      all.add(seen);
      followers.add(seen.next());
      entries += seen.entries();
    }

    /** Returns the structure to which no other points: the start of a chain. */
    Lookalike.Seen head() {
      return all.stream()
          .filter(seen -> !followers.contains(seen.address()))
          .findFirst()
          .orElse(all.getFirst());
    }
  }

  private Unclaimed(Scene scene) {
    this.scene = scene;
    this.lookalike = new Lookalike(scene);
  }

  /**
   * Reports unclaimed memory, after every owner has claimed its memory.
   *
   * @param running whether the writer has not yet written the data of LUO's sessions
   */
  public static void check(Scene scene, boolean running) {
    if (!scene.preserved().isKnown()) {
      return;
    }
    Unclaimed unclaimed = new Unclaimed(scene);
    scene.preserved().pages().forEachRunWithout(scene.claims().owned(), unclaimed::run);
    if (scene.preserved().isWhole()) {
      scene.count("unclaimedBytes", unclaimed.pageCount * scene.pageSize().bytes());
    } else {
      scene.findings().notChecked("the owners of preserved blocks that cannot be in memory");
    }
    if (unclaimed.pageCount == 0) {
      return;
    }
    if (running) {
      unclaimed.notChecked("LUO writes its sessions only at the jump");
    } else if (scene.findings().absentStructures() > 0) {
      unclaimed.notChecked("structures are not in the dump");
    } else if (scene.findings().ownersBroken()) {
      unclaimed.notChecked("structures that may own it are broken");
    } else {
      unclaimed.report();
    }
  }

  private void run(long page, long count) {
    int shift = scene.pageSize().shift();
    first = first < 0 ? page << shift : first;
    pageCount += count;
    if (runCount++ < RUNS_NAMED) {
      runs.add(
          "0x%x-0x%x%s"
              .formatted(page << shift, ((page + count) << shift) - 1, orders(page, count)));
    }
    long end = page + Math.min(count, MAX_LOOKS_OF_RUN);
    for (long at = page; at < end && looks < MAX_LOOKS; at++, looks++) {
      Lookalike.Seen seen = lookalike.at(at << shift);
      if (seen != null) {
        found.computeIfAbsent(seen.kind(), kind -> new Found()).add(seen);
      }
    }
  }

  /** The orders of the blocks in a run, if there are others than 0 and the run is not too long. */
  private String orders(long page, long count) {
    SortedSet<Integer> orders = new TreeSet<>();
    int shift = scene.pageSize().shift();
    int blocks = 0;
    for (long at = page; at < page + count; blocks++) {
      if (blocks == MAX_LOOKS_OF_RUN) {
        return "";
      }
      int order = Math.max(0, scene.preserved().orderAround(at << shift));
      orders.add(order);
      at = (at | ((1L << order) - 1)) + 1;
    }
    if (orders.last() == 0) {
      return "";
    }
    return orders.size() == 1
        ? " in blocks of order " + orders.last()
        : " in blocks of orders %d to %d".formatted(orders.first(), orders.last());
  }

  private void notChecked(String because) {
    scene
        .findings()
        .notChecked(
            "the owners of %s of preserved memory: %s"
                .formatted(ByteSize.text(pageCount * scene.pageSize().bytes()), because));
  }

  private void report() {
    boolean known = scene.findings().ownersKnown();
    Lookalike.Seen missing =
        found.entrySet().stream()
            .filter(entry -> entry.getKey().isOfLuo())
            .findFirst()
            .map(entry -> entry.getValue().head())
            .orElse(null);
    if (runCount > RUNS_NAMED) {
      long more = runCount - RUNS_NAMED;
      runs.add("and %,d more %s".formatted(more, more == 1 ? "run" : "runs"));
    }
    StringBuilder message = new StringBuilder();
    message.append(
        "%,d bytes in %,d %s are preserved without a known owner: %s"
            .formatted(
                pageCount * scene.pageSize().bytes(),
                pageCount,
                pageCount == 1 ? "page" : "pages",
                runs));
    found.forEach((kind, pages) -> message.append(describe(kind, pages)));
    if (!known) {
      message.append("; unknown owners may restore them");
    }
    scene.report(
        known || missing != null ? OwnerRules.LOST : OwnerRules.UNCLAIMED,
        Where.ROOT,
        missing == null ? first : missing.address(),
        "%s",
        message);
  }

  private static String describe(Lookalike.Kind kind, Found pages) {
    int count = pages.all.size();
    Lookalike.Seen head = pages.head();
    StringBuilder text =
        new StringBuilder("; ")
            .append(count == 1 ? "1 looks like a " : "%,d look like ".formatted(count))
            .append(count == 1 ? kind.one() : kind.many());
    if (pages.entries > 0) {
      text.append(" with %,d %s".formatted(pages.entries, kind.entries(pages.entries)));
    }
    text.append(", %s0x%x".formatted(count == 1 ? "at " : "the first at ", head.address()));
    return head.name().isEmpty() ? text.toString() : text + " (\"" + head.name() + "\")";
  }
}
