package org.kho4j.cli.diff;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A named thing of a handover with what can be compared of it: nothing in here is an address.
 *
 * @param kind of thing, as {@code session}
 * @param name by which it is matched among those of its kind; may be empty where there is only one
 * @param facts by name, each once; {@link Unknown} is the value of one that is not known
 * @param items what it consists of
 * @param blob facts of its bytes, to compare with an item that is not decoded
 */
record Item(String kind, String name, List<Fact> facts, List<Item> items, List<Fact> blob) {

  static final String SUBTREE = "subtree";

  /** The value of content that is broken. */
  static final String BROKEN = "cannot be read";

  /** The value of a fact that is not known. */
  enum Unknown {
    /** It is in RAM that a dump left out. */
    ABSENT("not in the dump"),
    /** It is of a contract that is not known here, or in a map that is no map. */
    UNDECODED("not decoded"),
    /** It has more holes than are hashed. */
    HOLES("not compared");

    private final String text;

    Unknown(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** The fact that not all facts and items are known, though none is broken. */
  private static final String PARTS = "parts";

  /** The fact that not all facts and items could be read, as something is broken. */
  private static final String READABLE = "readable";

  /** The fact that it names a contract that is not known here. */
  private static final String CONTRACT = "contract";

  /**
   * A known fact about an item.
   *
   * @param name of it
   * @param value a number, text or {@link Unknown}
   */
  record Fact(String name, Object value) {
    boolean isUnknown() {
      return value instanceof Unknown;
    }
  }

  /** An item to be filled. */
  static Item of(String kind, String name) {
    return new Item(kind, name, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
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
      withUnknown(PARTS, Unknown.ABSENT);
    }
  }

  /** Returns whether a dump left facts and items out. */
  boolean isCutOff() {
    return facts.contains(new Fact(PARTS, Unknown.ABSENT));
  }

  /** Notes that facts and items may be missing, as what it is in has no known form. */
  void undecoded() {
    withUnknown(PARTS, Unknown.UNDECODED);
  }

  /** Returns whether only its bytes are known: it, or what it is in, is of a newer contract. */
  boolean isUndecoded() {
    return isNewer() || facts.contains(new Fact(PARTS, Unknown.UNDECODED));
  }

  /**
   * Notes that it cannot be read, or not all of it: facts and items may be missing. Only a subtree
   * has all of its facts in what could not be read.
   */
  void unreadable() {
    if (!has(READABLE)) {
      boolean nothing = kind.equals(SUBTREE) && facts.isEmpty() && items.isEmpty();
      with(READABLE, nothing ? "no" : "in part");
    }
  }

  /** Returns whether it has a fact of that name. */
  boolean has(String fact) {
    return facts.stream().anyMatch(one -> one.name().equals(fact));
  }

  /** Returns the value of a fact that only items have that are not readable, or not known. */
  static @Nullable Object unnoted(Fact fact) {
    return switch (fact.name()) {
      case READABLE -> "yes";
      case CONTRACT -> "known";
      default -> null;
    };
  }

  /** Returns whether facts and items may be missing that the handover has. */
  boolean isIncomplete() {
    return isCutOff() || isUndecoded() || has(READABLE);
  }

  /** Notes that it names a newer contract, and cannot be decoded. */
  void newer(String problem) {
    facts.add(new Fact(CONTRACT, problem));
  }

  /** Returns whether it names a newer contract. */
  boolean isNewer() {
    return has(CONTRACT);
  }

  /** Returns whether any of its facts is not known. */
  boolean hasUnknown() {
    return facts.stream().anyMatch(fact -> fact.isUnknown() || fact.value().equals(BROKEN));
  }

  Item withUnknown(String fact, Unknown why) {
    facts.add(new Fact(fact, why));
    return this;
  }

  Item with(Item item) {
    items.add(item);
    return this;
  }
}
