package org.kho4j.cli.diff;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A named thing of a handover with what can be compared of it: nothing in here is an address.
 *
 * @param kind of thing, as {@code session}
 * @param name by which it is matched among those of its kind; may be empty where there is only one
 * @param facts by name, each once; {@link Absent} is the value of one that a dump left out
 * @param items what it consists of
 */
record Item(String kind, String name, List<Fact> facts, List<Item> items) {

  static final String SUBTREE = "subtree";

  /** The value of a fact that is in RAM which a dump left out. */
  record Absent() {
    static final String TEXT = "not in the dump";

    @Override
    public String toString() {
      return TEXT;
    }
  }

  /** The fact that not all facts and items could be read, as a dump left some out. */
  private static final String PARTS = "parts";

  /** The fact that not all facts and items could be read, as something is broken. */
  private static final String READABLE = "readable";

  /** The fact that it is of a contract that is not known here. */
  private static final String CONTRACT = "contract";

  /**
   * A known fact about an item.
   *
   * @param name of it
   * @param value a number, text or {@link Absent}
   */
  record Fact(String name, Object value) {
    boolean isAbsent() {
      return value instanceof Absent;
    }
  }

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

  /** Notes that facts and items may be missing, as a dump left them out. */
  void cutOff() {
    if (!isCutOff()) {
      withAbsent(PARTS);
    }
  }

  /** Returns whether a dump left facts and items out. */
  boolean isCutOff() {
    return facts.stream().anyMatch(fact -> fact.name().equals(PARTS));
  }

  /**
   * Notes that it cannot be read, or not all of it: facts and items may be missing. Only a subtree
   * has all of its facts in what could not be read.
   */
  void unreadable() {
    if (facts.stream().noneMatch(Item::isUnreadable)) {
      boolean nothing = kind.equals(SUBTREE) && facts.isEmpty() && items.isEmpty();
      with(READABLE, nothing ? "no" : "in part");
    }
  }

  private static boolean isUnreadable(Fact fact) {
    return fact.name().equals(READABLE);
  }

  /** Returns the value of a fact that an item does not have: a readable item does not say so. */
  static @Nullable Object unnoted(Fact fact) {
    return isUnreadable(fact) ? "yes" : null;
  }

  /** Returns whether facts and items may be missing that the handover has. */
  boolean isIncomplete() {
    return isCutOff() || isNewer() || facts.stream().anyMatch(Item::isUnreadable);
  }

  /** Notes that it is of a newer contract, and cannot be decoded. */
  void newer(String problem) {
    facts.add(new Fact(CONTRACT, problem));
  }

  /** Returns whether it is of a newer contract. */
  boolean isNewer() {
    return facts.stream().anyMatch(fact -> fact.name().equals(CONTRACT));
  }

  /** Returns whether anything of it is absent. */
  boolean hasAbsent() {
    return facts.stream().anyMatch(Fact::isAbsent);
  }

  Item withAbsent(String fact) {
    facts.add(new Fact(fact, new Absent()));
    return this;
  }

  Item with(Item item) {
    items.add(item);
    return this;
  }
}
