package org.kho4j.cli.diff;

import java.util.ArrayList;
import java.util.List;

/**
 * A named thing of a handover with what can be compared of it: nothing in here is an address.
 *
 * @param kind of thing, as {@code session}
 * @param name by which it is matched among those of its kind; may be empty where there is only one
 * @param facts by name, each once
 * @param items what it consists of
 */
record Item(String kind, String name, List<Fact> facts, List<Item> items) {

  /**
   * One thing that is known of an item.
   *
   * @param name of it
   * @param value a number, or text
   */
  record Fact(String name, Object value) {}

  /** An item to be filled. */
  static Item of(String kind, String name) {
    return new Item(kind, name, new ArrayList<>(), new ArrayList<>());
  }

  Item with(String fact, long value) {
    facts.add(new Fact(fact, value));
    return this;
  }

  Item with(String fact, String value) {
    facts.add(new Fact(fact, value));
    return this;
  }

  Item with(Item item) {
    items.add(item);
    return this;
  }
}
