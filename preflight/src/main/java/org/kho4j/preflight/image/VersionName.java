package org.kho4j.preflight.image;

import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The form of version names: {@code stem-vN}, with a stem of lower-case letters, digits, {@code -}
 * and {@code _} that starts with a letter; several of them with {@code ;} between, as was proposed
 * for composite versions.
 */
final class VersionName {

  /** Longest name: a file handler's field for it has 48 bytes. */
  static final int MAX_LENGTH = 127;

  private static final Pattern SIMPLE = Pattern.compile("[a-z][a-z0-9_-]*-v[0-9]+");

  private VersionName() {}

  /** Whether the whole text is a version name. */
  static boolean matches(String text) {
    return text.length() <= MAX_LENGTH
        && Stream.of(text.split(";", -1)).allMatch(part -> SIMPLE.matcher(part).matches());
  }

  /** Length of the first part's stem, or -1 for what is no version name. */
  static int stemLength(String text) {
    String first = text.split(";", 2)[0];
    return SIMPLE.matcher(first).matches() ? first.lastIndexOf("-v") : -1;
  }
}
