package org.kho4j.preflight.image;

/**
 * The form of version names: {@code stem-vN}, with a stem of lower-case letters, digits, {@code -}
 * and {@code _} that starts with a letter; several of them with {@code ;} between, as was proposed
 * for composite versions.
 */
final class VersionName {

  /** Longest name: a file handler's field for it has 48 bytes. */
  static final int MAX_LENGTH = 127;

  private VersionName() {}

  /** Whether the whole text is a version name. */
  static boolean matches(String text) {
    if (text.length() > MAX_LENGTH) {
      return false;
    }
    for (String part : text.split(";", -1)) {
      if (!isSimple(part)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isSimple(String part) {
    int version = part.lastIndexOf("-v");
    if (version <= 0 || version + 2 == part.length() || !isLetter(part.charAt(0))) {
      return false;
    }
    for (int i = version + 2; i < part.length(); i++) {
      if (!isDigit(part.charAt(i))) {
        return false;
      }
    }
    return isStem(part, version);
  }

  private static boolean isStem(String part, int length) {
    for (int i = 0; i < length; i++) {
      char c = part.charAt(i);
      if (!isLetter(c) && !isDigit(c) && c != '-' && c != '_') {
        return false;
      }
    }
    return true;
  }

  /** Length of the first part's stem, or -1 for what is no version name. */
  static int stemLength(String text) {
    int end = text.indexOf(';');
    String first = end < 0 ? text : text.substring(0, end);
    return isSimple(first) ? first.lastIndexOf("-v") : -1;
  }

  private static boolean isLetter(char c) {
    return c >= 'a' && c <= 'z';
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
