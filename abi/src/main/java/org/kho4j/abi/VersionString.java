package org.kho4j.abi;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A parsed version string: a base such as {@code luo-v5}, or, as in an RFC of June 2026, a
 * composite {@code kho-v4;radix-v1;vmalloc-v1} of a base and further components of the layout.
 *
 * @param text the whole string
 * @param base the part in front
 * @param parts the other parts, in the string's order; none in every released version
 */
public record VersionString(String text, String base, List<String> parts) {

  /** The longest that is read: a field for one has 48 bytes. */
  public static final int MAX_LENGTH = 127;

  private static final Pattern SIMPLE = Pattern.compile("[a-z][a-z0-9_-]*-v[0-9]{1,9}");

  /** Names of some clients in development have an underscore before the number. */
  private static final Pattern NUMBERED = Pattern.compile("(.+)[-_]v[0-9]+");

  public VersionString {
    parts = List.copyOf(parts);
  }

  /** Returns the parts of a string; empty where it is no version string. */
  public static Optional<VersionString> of(String text) {
    List<String> all = List.of(text.split(";", -1));
    return text.length() <= MAX_LENGTH
            && all.stream().allMatch(part -> SIMPLE.matcher(part).matches())
        ? Optional.of(new VersionString(text, all.getFirst(), all.subList(1, all.size())))
        : Optional.empty();
  }

  /**
   * Returns the stem of a version: {@code luo} of {@code luo-v5} and of a composite string with
   * that base, {@code kvm_vm_luo} of {@code kvm_vm_luo_v1}; all of a string without a number.
   */
  public static String stem(String version) {
    Matcher numbered = NUMBERED.matcher(version.split(";", 2)[0]);
    return numbered.matches() ? numbered.group(1) : version;
  }

  /**
   * Returns whether a string is well-formed, of the stem of known versions, and newer than all of
   * them: it has a larger number, or it is composite and not one of them.
   */
  static boolean isNewer(String text, Stream<String> versions) {
    Optional<VersionString> read = of(text);
    List<String> known = versions.toList();
    if (read.isEmpty() || known.contains(text)) {
      return false;
    }
    String stem = stem(read.get().base);
    OptionalLong newest =
        known.stream()
            .flatMap(version -> of(version).stream())
            .filter(version -> stem(version.base).equals(stem))
            .mapToLong(VersionString::number)
            .max();
    return newest.isPresent()
        && (read.get().isComposite() || read.get().number() > newest.getAsLong());
  }

  /** Returns the number of the base. */
  public long number() {
    return Long.parseLong(base.substring(base.lastIndexOf("-v") + 2));
  }

  public boolean isComposite() {
    return !parts.isEmpty();
  }

  /** Returns the base, and the other parts. */
  public Stream<String> components() {
    return Stream.concat(Stream.of(base), parts.stream());
  }

  @Override
  public String toString() {
    return text;
  }
}
