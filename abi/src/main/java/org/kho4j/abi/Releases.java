package org.kho4j.abi;

import org.jspecify.annotations.Nullable;

/**
 * A span of kernel releases.
 *
 * @param first the first release, as in {@code "7.2"}; null for what only development trees between
 *     releases had
 * @param last the last release; null while the newest known release still has it
 */
public record Releases(@Nullable String first, @Nullable String last) {

  /** The newest release that this contract was checked against. */
  public static final String NEWEST = "7.3";

  static final Releases NEVER = new Releases(null, null);

  static Releases since(String first) {
    return new Releases(first, null);
  }

  static Releases of(String first, String last) {
    return new Releases(first, last);
  }

  /** Whether any released kernel has it. */
  public boolean released() {
    return first != null;
  }

  /** {@code "6.16 to 7.0"}, {@code "since 7.2"} or {@code "in no release"}. */
  @Override
  public String toString() {
    if (first == null) {
      return "in no release";
    }
    return last == null
        ? "since " + first
        : first.equals(last) ? first + " only" : first + " to " + last;
  }
}
