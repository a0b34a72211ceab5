package org.kho4j.preflight.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.preflight.layout.KernelType.Member;

/**
 * A difference between two declarations of a structure.
 *
 * @param type the structure's tag
 * @param inner the tag of the outermost inner structure that it is in and that both declarations
 *     have there; otherwise empty
 * @param kind kind of the difference
 * @param text a clause with the member, its place and its former place
 */
public record TypeDifference(String type, String inner, Kind kind, String text) {

  /** Most members that one declaration has alone for which views are looked for. */
  private static final int MOST_VIEWS = 64;

  /** The kind of a difference: of a member, or of the structure. */
  public enum Kind {
    ADDED,
    REMOVED,
    MOVED,
    RESIZED,
    /** Another name for the same bytes. */
    RENAMED,
    /** A view of bytes that an unchanged member covers, or a member without bytes. */
    OVERLAID,
    /** Another size of the whole structure. */
    SIZE
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
    return new Comparison(was, is).differences();
  }

  private TypeDifference in(String outer, String structure) {
    return new TypeDifference(outer, structure.isEmpty() ? inner : structure, kind, text);
  }

  /** The comparison of two declarations. */
  private static final class Comparison {

    private final KernelType was;
    private final KernelType is;
    private final Map<String, Member> before;
    private final Map<String, Member> after;

    /** The members that one declaration has alone, of the one before first. */
    private final List<Member> alone;

    private final List<TypeDifference> found = new ArrayList<>();

    Comparison(KernelType was, KernelType is) {
      this.was = was;
      this.is = is;
      this.before = byName(was);
      this.after = byName(is);
      this.alone =
          Stream.concat(
                  was.members().stream().filter(member -> !after.containsKey(member.name())),
                  is.members().stream().filter(member -> !before.containsKey(member.name())))
              .toList();
    }

    private static Map<String, Member> byName(KernelType type) {
      return type.members().stream()
          .collect(Collectors.toMap(Member::name, Function.identity(), (first, _) -> first));
    }

    List<TypeDifference> differences() {
      boolean views = alone.size() <= MOST_VIEWS;
      for (Member member : was.members()) {
        Member now = after.get(member.name());
        if (now == null) {
          gone(member, views);
        } else {
          changed(member, now);
        }
      }
      for (Member member : is.members()) {
        if (!before.containsKey(member.name()) && namesake(was, member, after) == null) {
          String bytes = size(member.bitSize()) + " at " + place(member.bitOffset());
          add(views && isView(member) ? Kind.OVERLAID : Kind.ADDED, member, " is new, " + bytes);
        }
      }
      if (was.size() != is.size()) {
        String text = "%s has %d bytes, not %d".formatted(was.name(), is.size(), was.size());
        found.add(new TypeDifference(was.name(), "", Kind.SIZE, text));
      }
      return found;
    }

    private void gone(Member member, boolean views) {
      Member other = namesake(is, member, before);
      if (other != null) {
        add(Kind.RENAMED, member, " is called " + other.name() + ": the same bytes");
      } else {
        Kind kind = views && isView(member) ? Kind.OVERLAID : Kind.REMOVED;
        add(kind, member, " does not exist any more");
      }
    }

    private void changed(Member member, Member now) {
      if (now.bitOffset() != member.bitOffset()) {
        String places = place(now.bitOffset()) + ", not " + place(member.bitOffset());
        add(Kind.MOVED, member, " is at " + places);
      } else if (now.bitSize() != member.bitSize()) {
        String sizes = size(now.bitSize()) + ", not " + size(member.bitSize());
        add(Kind.RESIZED, member, " has " + sizes);
      } else if (now.elementBits() != member.elementBits()
          && now.elementBits() != 0
          && member.elementBits() != 0) {
        String sizes = size(now.elementBits()) + ", not " + size(member.elementBits());
        add(Kind.RESIZED, member, " has elements of " + sizes);
      } else if (!now.inner().isEmpty() && !member.inner().isEmpty()) {
        inner(member, now);
      }
    }

    private void inner(Member member, Member now) {
      String name = was.name() + "." + member.name();
      long bytes = member.elementBits() / Byte.SIZE;
      boolean same = member.structure().equals(now.structure());
      if (!same && !member.structure().isEmpty() && !now.structure().isEmpty()) {
        add(
            Kind.RENAMED,
            member,
            " is struct %s, not struct %s".formatted(now.structure(), member.structure()));
      }
      between(new KernelType(name, bytes, member.inner()), new KernelType(name, bytes, now.inner()))
          .forEach(each -> found.add(each.in(was.name(), same ? now.structure() : "")));
    }

    private void add(Kind kind, Member member, String text) {
      found.add(new TypeDifference(was.name(), "", kind, was.name() + "." + member.name() + text));
    }

    /** Returns the member of {@code of} on the same bytes whose name the other does not have. */
    private static @Nullable Member namesake(
        KernelType of, Member member, Map<String, Member> other) {
      return of.members().stream()
          .filter(each ->
              each.bitOffset() == member.bitOffset()
                  && each.bitSize() == member.bitSize()
                  && !other.containsKey(each.name()))
          .findFirst()
          .orElse(null);
    }

    /**
     * Returns whether a member that one declaration lacks is a view of bytes that an unchanged
     * member covers. It is none if another such member has part of its bytes, or more than these:
     * then the view of these bytes changed.
     */
    private boolean isView(Member member) {
      return member.bitSize() == 0
          || (was.members().stream()
                  .filter(covering -> covers(covering, member))
                  .anyMatch(covering -> isAtSamePlace(after.get(covering.name()), covering))
              && alone.stream().noneMatch(other -> overlapsOtherwise(other, member)));
    }

    private static boolean covers(Member covering, Member member) {
      return covering.bitOffset() <= member.bitOffset() && end(member) <= end(covering);
    }

    private static boolean isAtSamePlace(@Nullable Member now, Member member) {
      return now != null
          && now.bitOffset() == member.bitOffset()
          && now.bitSize() == member.bitSize();
    }

    private boolean overlapsOtherwise(Member other, Member member) {
      return before.containsKey(other.name()) != before.containsKey(member.name())
          && other.bitOffset() < end(member)
          && member.bitOffset() < end(other)
          && (other.bitOffset() != member.bitOffset() || end(other) != end(member));
    }

    private static long end(Member member) {
      return member.bitOffset() + member.bitSize();
    }
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
