package org.kho4j.preflight.boot;

import java.math.BigInteger;
import java.util.Comparator;

/** Orders versions as boot loaders do: the UAPI group's version format specification. */
final class VersionOrder implements Comparator<String> {

  static final VersionOrder INSTANCE = new VersionOrder();

  /** Marks, in order of precedence; of two strings the one without the mark is newer. */
  private static final String OLDER = "-^.";

  private VersionOrder() {}

  @Override
  public int compare(String a, String b) {
    Rest one = new Rest(a);
    Rest other = new Rest(b);
    while (true) {
      one.skipOthers();
      other.skipOthers();
      int mark = marks(one, other, '~');
      if (mark != 0) {
        return mark;
      }
      if (one.isEmpty() || other.isEmpty()) {
        return Boolean.compare(other.isEmpty(), one.isEmpty());
      }
      for (int i = 0; i < OLDER.length(); i++) {
        mark = marks(one, other, OLDER.charAt(i));
        if (mark != 0) {
          return mark;
        }
      }
      int part =
          one.isAtDigit() || other.isAtDigit()
              ? one.number().compareTo(other.number())
              : one.word().compareTo(other.word());
      if (part != 0) {
        return part;
      }
    }
  }

  /** Removes a mark from both strings; a string that alone has the mark is older. */
  private static int marks(Rest one, Rest other, char mark) {
    boolean first = one.isAt(mark);
    boolean second = other.isAt(mark);
    if (first && second) {
      one.at++;
      other.at++;
      return 0;
    }
    return Boolean.compare(second, first);
  }

  /** The rest of a string. */
  private static final class Rest {
    private final String text;
    private int at;

    Rest(String text) {
      this.text = text;
    }

    boolean isEmpty() {
      return at == text.length();
    }

    boolean isAt(char c) {
      return !isEmpty() && text.charAt(at) == c;
    }

    boolean isAtDigit() {
      return !isEmpty() && isDigit(text.charAt(at));
    }

    private static boolean isDigit(char c) {
      return c >= '0' && c <= '9';
    }

    private static boolean isLetter(char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    void skipOthers() {
      while (!isEmpty()
          && !isDigit(text.charAt(at))
          && !isLetter(text.charAt(at))
          && "~-^.".indexOf(text.charAt(at)) < 0) {
        at++;
      }
    }

    BigInteger number() {
      int start = at;
      while (isAtDigit()) {
        at++;
      }
      return start == at ? BigInteger.ZERO : new BigInteger(text.substring(start, at));
    }

    String word() {
      int start = at;
      while (!isEmpty() && isLetter(text.charAt(at))) {
        at++;
      }
      return text.substring(start, at);
    }
  }
}
