package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.preflight.KernelType.Member;

/**
 * One difference between two declarations of a structure.
 *
 * @param type the structure's tag
 * @param kind what happened to it
 * @param text a clause that names the member, where it is and where it was
 */
public record Difference(String type, Kind kind, String text) {

  /** What happened to a member, or to the structure. */
  public enum Kind {
    ADDED,
    REMOVED,
    MOVED,
    RESIZED,
    /** Another name for the same bytes, which no kernel sees. */
    RENAMED,
    /** The whole structure has another size. */
    SIZE
  }

  /** Whether bytes are read as something else because of it. */
  public boolean matters() {
    return kind != Kind.RENAMED;
  }

  /**
   * Compares two declarations.
   *
   * @param was the one that counts
   * @param is the one that the texts describe
   */
  public static List<Difference> between(KernelType was, KernelType is) {
    List<Difference> found = new ArrayList<>();
    for (Member member : was.members()) {
      Member now = is.member(member.name());
      if (now == null) {
        found.add(gone(was, is, member));
      } else if (now.bitOffset() != member.bitOffset()) {
        found.add(
            new Difference(
                was.name(),
                Kind.MOVED,
                "%s.%s is at %s, not %s"
                    .formatted(
                        was.name(),
                        member.name(),
                        place(now.bitOffset()),
                        place(member.bitOffset()))));
      } else if (now.bitSize() != member.bitSize()) {
        found.add(
            new Difference(
                was.name(),
                Kind.RESIZED,
                "%s.%s has %s, not %s"
                    .formatted(
                        was.name(), member.name(), size(now.bitSize()), size(member.bitSize()))));
      }
    }
    for (Member member : is.members()) {
      if (was.member(member.name()) == null && namesake(was, is, member) == null) {
        found.add(
            new Difference(
                was.name(),
                Kind.ADDED,
                "%s.%s is new, %s at %s"
                    .formatted(
                        was.name(),
                        member.name(),
                        size(member.bitSize()),
                        place(member.bitOffset()))));
      }
    }
    if (was.size() != is.size()) {
      found.add(
          new Difference(
              was.name(),
              Kind.SIZE,
              "%s has %d bytes, not %d".formatted(was.name(), is.size(), was.size())));
    }
    return found;
  }

  private static Difference gone(KernelType was, KernelType is, Member member) {
    Member other = namesake(is, was, member);
    return other == null
        ? new Difference(
            was.name(),
            Kind.REMOVED,
            "%s.%s is not there any more".formatted(was.name(), member.name()))
        : new Difference(
            was.name(),
            Kind.RENAMED,
            "%s.%s is called %s: the same bytes"
                .formatted(was.name(), member.name(), other.name()));
  }

  /** The member of {@code of} on the same bytes that {@code against} does not know by its name. */
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
