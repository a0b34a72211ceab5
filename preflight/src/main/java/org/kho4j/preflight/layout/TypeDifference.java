package org.kho4j.preflight.layout;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.preflight.layout.KernelType.Member;

/**
 * A difference between two declarations of a structure.
 *
 * @param type the structure's tag
 * @param kind kind of the difference
 * @param text a clause with the member, its place and its former place
 */
public record TypeDifference(String type, Kind kind, String text) {

  /** The kind of a difference: of a member, or of the structure. */
  public enum Kind {
    ADDED,
    REMOVED,
    MOVED,
    RESIZED,
    /** Another name for the same bytes, which no kernel sees. */
    RENAMED,
    /** Another size of the whole structure. */
    SIZE
  }

  /** Returns whether the difference makes a kernel read bytes wrongly. */
  public boolean matters() {
    return kind != Kind.RENAMED;
  }

  /**
   * Compares two declarations.
   *
   * @param was the reference declaration
   * @param is the declaration that the texts describe
   */
  public static List<TypeDifference> between(KernelType was, KernelType is) {
    List<TypeDifference> found = new ArrayList<>();
    String tag = was.name();
    for (Member member : was.members()) {
      String name = tag + "." + member.name();
      Member now = is.member(member.name());
      if (now == null) {
        Member other = namesake(is, was, member);
        found.add(
            other == null
                ? new TypeDifference(tag, Kind.REMOVED, name + " does not exist any more")
                : new TypeDifference(
                    tag, Kind.RENAMED, name + " is called " + other.name() + ": the same bytes"));
      } else if (now.bitOffset() != member.bitOffset()) {
        String places = place(now.bitOffset()) + ", not " + place(member.bitOffset());
        found.add(new TypeDifference(tag, Kind.MOVED, name + " is at " + places));
      } else if (now.bitSize() != member.bitSize()) {
        String sizes = size(now.bitSize()) + ", not " + size(member.bitSize());
        found.add(new TypeDifference(tag, Kind.RESIZED, name + " has " + sizes));
      }
    }
    for (Member member : is.members()) {
      if (was.member(member.name()) == null && namesake(was, is, member) == null) {
        String bytes = size(member.bitSize()) + " at " + place(member.bitOffset());
        found.add(
            new TypeDifference(tag, Kind.ADDED, tag + "." + member.name() + " is new, " + bytes));
      }
    }
    if (was.size() != is.size()) {
      String text = "%s has %d bytes, not %d".formatted(tag, is.size(), was.size());
      found.add(new TypeDifference(tag, Kind.SIZE, text));
    }
    return found;
  }

  /**
   * Returns the member of {@code of} on the same bytes whose name {@code against} does not have.
   */
  private static @Nullable Member namesake(KernelType of, KernelType against, Member member) {
    return of.members().stream()
        .filter(other ->
            other.bitOffset() == member.bitOffset()
                && other.bitSize() == member.bitSize()
                && against.member(other.name()) == null)
        .findFirst()
        .orElse(null);
  }

  private static String place(long bit) {
    return bit % Byte.SIZE == 0
        ? "offset " + bit / Byte.SIZE
        : "offset " + bit / Byte.SIZE + ", bit " + bit % Byte.SIZE;
  }

  private static String size(long bits) {
    return bits % Byte.SIZE == 0 ? bits / Byte.SIZE + " bytes" : bits + " bits";
  }
}
