package org.kho4j.cli.diff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The result of comparing an item.
 *
 * @param outcome of the item with all that it consists of
 * @param item in the second handover, or in the first if it was lost
 * @param changes of its own facts
 * @param items what became of its items: in the first handover's order, then what was added
 */
record Comparison(Outcome outcome, Item item, List<Change> changes, List<Comparison> items) {

  /** The outcome for an item or a fact. */
  enum Outcome {
    SAME("=", "same"),
    CHANGED("~", "changed"),
    LOST("-", "lost"),
    ADDED("+", "added"),
    /**
     * On one side, a dump left it out, or it may be in a part that cannot be read or is of a newer
     * contract; there is no other difference.
     */
    UNKNOWN("?", "unknown");

    private final String mark;
    private final String label;

    Outcome(String mark, String label) {
      this.mark = mark;
      this.label = label;
    }

    /** Returns whether it is certain that the two differ. */
    boolean isDifference() {
      return this != SAME && this != UNKNOWN;
    }

    String mark() {
      return mark;
    }

    String label() {
      return label;
    }
  }

  /**
   * A fact that is not the same on both sides.
   *
   * @param name of the fact
   * @param before its value in the first handover, or null if it has no such fact
   * @param after its value in the second handover, or null
   */
  record Change(String name, @Nullable Object before, @Nullable Object after) {}

  /** Compares two items that are each other's. */
  static Comparison of(Item before, Item after) {
    List<Change> changes = changes(before, after);
    List<Comparison> items = new ArrayList<>();
    Map<List<Object>, Item> left = byName(after.items());
    byName(before.items())
        .forEach((key, item) -> {
          Item match = left.remove(key);
          Outcome missing = after.isIncomplete() ? Outcome.UNKNOWN : Outcome.LOST;
          items.add(match == null ? all(missing, item) : of(item, match));
        });
    Outcome more = before.isIncomplete() ? Outcome.UNKNOWN : Outcome.ADDED;
    left.values().forEach(item -> items.add(all(more, item)));
    return new Comparison(outcome(before, after, changes, items), after, changes, items);
  }

  private static Outcome outcome(
      Item before, Item after, List<Change> changes, List<Comparison> items) {
    if (!changes.isEmpty() || items.stream().anyMatch(item -> item.outcome.isDifference())) {
      return Outcome.CHANGED;
    }
    boolean known =
        !before.hasUnknown()
            && !after.hasUnknown()
            && !before.isIncomplete()
            && !after.isIncomplete()
            && items.stream().allMatch(item -> item.outcome == Outcome.SAME);
    return known ? Outcome.SAME : Outcome.UNKNOWN;
  }

  private static Comparison all(Outcome outcome, Item item) {
    return new Comparison(
        outcome, item, List.of(), item.items().stream().map(part -> all(outcome, part)).toList());
  }

  /** By kind and name; the second of one name is matched with the second. */
  private static Map<List<Object>, Item> byName(List<Item> items) {
    Map<List<Object>, Item> named = new LinkedHashMap<>();
    Map<List<Object>, Integer> counts = new HashMap<>();
    for (Item item : items) {
      List<Object> key = List.of(item.kind(), item.name());
      named.put(List.of(item.kind(), item.name(), counts.merge(key, 1, Integer::sum)), item);
    }
    return named;
  }

  private static List<Change> changes(Item before, Item after) {
    Map<String, Item.Fact> left = new LinkedHashMap<>();
    facts(after, before).forEach(fact -> left.put(fact.name(), fact));
    List<Change> changes = new ArrayList<>();
    for (Item.Fact fact : facts(before, after)) {
      Item.Fact other = left.remove(fact.name());
      boolean known =
          !fact.isUnknown() && (other == null ? !after.isIncomplete() : !other.isUnknown());
      Object value = other == null ? Item.unnoted(fact) : other.value();
      if (known && !fact.value().equals(value)) {
        changes.add(new Change(fact.name(), fact.value(), value));
      }
    }
    if (!before.isIncomplete()) {
      left.values().stream()
          .filter(fact -> !fact.isUnknown())
          .forEach(fact -> changes.add(new Change(fact.name(), Item.unnoted(fact), fact.value())));
    }
    return changes;
  }

  /**
   * The facts of an item that the other one can have too: if one is not decoded, those of bytes.
   */
  private static List<Item.Fact> facts(Item item, Item other) {
    return other.isUndecoded()
        ? Stream.concat(item.facts().stream(), item.blob().stream()).toList()
        : item.facts();
  }

  /** How many items have an outcome, this one not counted, but those of all levels. */
  long count(Outcome wanted) {
    long count = 0;
    for (Comparison part : items) {
      count += (part.outcome == wanted ? 1 : 0) + part.count(wanted);
    }
    return count;
  }
}
