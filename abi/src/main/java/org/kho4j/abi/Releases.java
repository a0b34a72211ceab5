package org.kho4j.abi;

import java.util.Arrays;
import java.util.Comparator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A span of kernel releases.
 *
 * @param first the first release, as in {@code "7.2"} or {@code "6.17.9"}; null for what only
 *     development trees between releases had
 * @param last the last release, all its stable updates included; {@code "6.17.8"} ends with that
 *     update; null while the newest known release still has it
 */
public record Releases(@Nullable String first, @Nullable String last) {

  /** The newest release that this contract was checked against. */
  public static final String NEWEST = "7.3";

  /** Orders the names of releases by number. */
  static final Comparator<String> ORDER = (a, b) -> Arrays.compare(numbers(a), numbers(b));

  static final Releases NEVER = new Releases(null, null);

  static Releases since(String first) {
    return new Releases(first, null);
  }

  static Releases of(String first, String last) {
    return new Releases(first, last);
  }

  /** Returns whether any released kernel has the version. */
  public boolean released() {
    return first != null;
  }

  /**
   * Returns whether a release, in the form of {@code uname -r}, has the version. Text after the
   * digits and dots is ignored, so a release candidate counts as its release. False for releases
   * newer than {@link #NEWEST} only if {@link #last} is before them: newer kernels were not
   * checked.
   */
  public boolean includes(String release) {
    if (first == null) {
      return false;
    }
    int[] asked = numbers(release);
    if (Arrays.compare(padded(numbers(first), asked.length), padded(asked, numbers(first).length))
        > 0) {
      return false;
    }
    if (last == null) {
      return true;
    }
    int[] end = numbers(last);
    return Arrays.compare(Arrays.copyOf(asked, end.length), end) <= 0;
  }

  /** Returns whether some release is in both ranges. */
  public boolean overlaps(Releases other) {
    return first != null && other.first != null && (includes(other.first) || other.includes(first));
  }

  private static int[] numbers(String release) {
    int end = 0;
    while (end < release.length() && "0123456789.".indexOf(release.charAt(end)) >= 0) {
      end++;
    }
    return Pattern.compile("\\.")
        .splitAsStream(release.substring(0, end))
        .filter(part -> !part.isEmpty() && part.length() < 9)
        .mapToInt(Integer::parseInt)
        .toArray();
  }

  private static int[] padded(int[] numbers, int length) {
    return numbers.length >= length ? numbers : Arrays.copyOf(numbers, length);
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
