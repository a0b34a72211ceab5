package org.kho4j.cli.extract;

import java.nio.charset.StandardCharsets;

/** Names of files that are made of names out of a handover. */
final class SafeName {

  private static final int MOST_CHARACTERS = 96;

  private SafeName() {}

  /**
   * A part of a file's name: ASCII letters, digits, {@code .}, {@code _} and {@code -} as they are,
   * every other byte of UTF-8 as {@code %} and two digits, so that different names stay different.
   * A name longer than 96 characters ends in a hash of the whole name.
   */
  static String of(String name) {
    StringBuilder safe = new StringBuilder();
    for (byte unit : name.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (unit & 0xff);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '.'
              || c == '_'
              || c == '-';
      if (plain) {
        safe.append(c);
      } else {
        safe.append("%%%02x".formatted((int) c));
      }
    }
    return safe.length() <= MOST_CHARACTERS
        ? safe.toString()
        : "%s~%08x".formatted(safe.substring(0, MOST_CHARACTERS - 9), name.hashCode());
  }
}
