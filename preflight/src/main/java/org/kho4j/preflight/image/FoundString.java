package org.kho4j.preflight.image;

import org.kho4j.abi.VersionString;

/**
 * A string of a kernel that looks like the name of a version: {@code kho-v4}, {@code
 * kho-v4;radix-v1;vmalloc-v1}; or one of {@link Feature#marker}'s names.
 *
 * @param text the string, up to its NUL
 * @param place place of its first character
 * @param before the text before it, if it is only the end of a longer string; otherwise empty. The
 *     linker keeps one copy of strings that end alike, so the end of a message may serve as the
 *     name, or be only the end of a message: nothing distinguishes the two
 */
public record FoundString(String text, Place place, String before) {

  /** Returns whether the string is complete, not the end of a longer one. */
  public boolean isWhole() {
    return before.isEmpty();
  }

  /** Returns the clause about a string that is not complete. */
  public String ending() {
    return "\"%s\" is only the end of \"%s%s\" at %s".formatted(text, before, text, place);
  }

  /** Returns the stem of the version, or all of a marker. */
  public String stem() {
    return VersionString.stem(text);
  }
}
