package org.kho4j.preflight.boot;

/**
 * A pattern for the names of boot entries, in the form of fnmatch(3): {@code *}, {@code ?}, and
 * sets in brackets. Patterns come from files of the boot partition: matching takes at most as many
 * steps as the product of both lengths.
 */
final class EntryPattern {

  private final String pattern;

  EntryPattern(String pattern) {
    this.pattern = pattern;
  }

  boolean matches(String name) {
    int at = 0;
    int taken = 0;
    int star = -1;
    int starTook = 0;
    while (taken < name.length()) {
      int next = at < pattern.length() ? after(at, name.charAt(taken)) : -1;
      if (at < pattern.length() && pattern.charAt(at) == '*') {
        star = at++;
        starTook = taken;
      } else if (next >= 0) {
        at = next;
        taken++;
      } else if (star >= 0) {
        // Only the last star has to take more: an earlier one would leave it less.
        at = star + 1;
        taken = ++starTook;
      } else {
        return false;
      }
    }
    while (at < pattern.length() && pattern.charAt(at) == '*') {
      at++;
    }
    return at == pattern.length();
  }

  /**
   * Returns the position behind the pattern's element at {@code at}, if the element matches a
   * character; -1 if it does not.
   */
  private int after(int at, char c) {
    char element = pattern.charAt(at);
    int close = element == '[' ? pattern.indexOf(']', at + 2) : -1;
    if (close < 0) {
      return element == '?' || element == c ? at + 1 : -1;
    }
    boolean negated = pattern.charAt(at + 1) == '!';
    boolean inSet = false;
    for (int i = negated ? at + 2 : at + 1; i < close; i++) {
      if (i + 2 < close && pattern.charAt(i + 1) == '-') {
        inSet |= c >= pattern.charAt(i) && c <= pattern.charAt(i + 2);
        i += 2;
      } else {
        inSet |= c == pattern.charAt(i);
      }
    }
    return inSet != negated ? close + 1 : -1;
  }
}
