package org.kho4j.preflight.layout;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.preflight.layout.KernelType.Member;

/**
 * A difference between two declarations of a structure.
 *
 * @param type the structure's tag; of a difference in an inner structure that has one tag in both,
 *     that tag
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
    /** Another name for the same bytes. */
    RENAMED,
    /** Another member for bytes that another member has as before, or for none. */
    OVERLAID,
    /** Another size of the whole structure. */
    SIZE
  }

  private TypeDifference in(String structure) {
    return new TypeDifference(structure, kind, text);
  }

  /** Returns whether a kernel reads bytes at other places, or other numbers of them. */
  public boolean matters() {
    return kind != Kind.RENAMED && kind != Kind.OVERLAID;
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
        Kind gone = isOverlaid(member, was, is) ? Kind.OVERLAID : Kind.REMOVED;
        found.add(
            other == null
                ? new TypeDifference(tag, gone, name + " does not exist any more")
                : new TypeDifference(
                    tag, Kind.RENAMED, name + " is called " + other.name() + ": the same bytes"));
      } else if (now.bitOffset() != member.bitOffset()) {
        String places = place(now.bitOffset()) + ", not " + place(member.bitOffset());
        found.add(new TypeDifference(tag, Kind.MOVED, name + " is at " + places));
      } else if (now.bitSize() != member.bitSize()) {
        String sizes = size(now.bitSize()) + ", not " + size(member.bitSize());
        found.add(new TypeDifference(tag, Kind.RESIZED, name + " has " + sizes));
      } else if (now.elementBits() != member.elementBits()
          && now.elementBits() * member.elementBits() != 0) {
        String sizes = size(now.elementBits()) + ", not " + size(member.elementBits());
        found.add(new TypeDifference(tag, Kind.RESIZED, name + " has elements of " + sizes));
      } else if (!now.inner().isEmpty() && !member.inner().isEmpty()) {
        String inner = member.structure().equals(now.structure()) ? now.structure() : "";
        long bytes = member.elementBits() / Byte.SIZE;
        between(
                new KernelType(name, bytes, member.inner()),
                new KernelType(name, bytes, now.inner()))
            .stream()
            .map(each -> each.type.equals(name) ? each.in(inner.isEmpty() ? tag : inner) : each)
            .forEach(found::add);
      }
    }
    for (Member member : is.members()) {
      if (was.member(member.name()) == null && namesake(was, is, member) == null) {
        String bytes = size(member.bitSize()) + " at " + place(member.bitOffset());
        Kind kind = isOverlaid(member, was, is) ? Kind.OVERLAID : Kind.ADDED;
        found.add(new TypeDifference(tag, kind, tag + "." + member.name() + " is new, " + bytes));
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

  /**
   * Returns whether a member that one declaration lacks has no bytes, or only those of a member
   * that both have: a view of a union.
   */
  private static boolean isOverlaid(Member member, KernelType was, KernelType is) {
    long end = member.bitOffset() + member.bitSize();
    return member.bitSize() == 0
        || was.members().stream()
            .filter(other -> isAtSamePlace(is.member(other.name()), other))
            .anyMatch(other ->
                other.bitOffset() <= member.bitOffset()
                    && end <= other.bitOffset() + other.bitSize());
  }

  private static boolean isAtSamePlace(@Nullable Member now, Member member) {
    return now != null
        && now.bitOffset() == member.bitOffset()
        && now.bitSize() == member.bitSize();
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
