package org.kho4j.cli.output;

import java.util.Locale;
import java.util.regex.Pattern;
import org.kho4j.abi.ByteSize;
import org.kho4j.handover.wire.KhoException;

/** Numbers as people read them. */
public final class Units {

  private static final Pattern PLAIN_WORD = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  private Units() {}

  /** A size in bytes, as {@link ByteSize#text} writes it. */
  public static String size(long bytes) {
    return ByteSize.text(bytes);
  }

  /** A physical address: {@code 0x492000}. */
  public static String address(long address) {
    return "0x" + Long.toHexString(address);
  }

  /** A count: {@code 268,435,456}. */
  public static String count(long count) {
    return Math.abs(count) < 1000 ? Long.toString(count) : String.format(Locale.ROOT, "%,d", count);
  }

  /** A count of things by name: {@code 1 page}, {@code 2,000 pages}. */
  public static String count(long count, String one, String many) {
    return count(count) + " " + (count == 1 ? one : many);
  }

  /** A word of a command as a shell takes it: quoted if it has to be. */
  public static String shellWord(String word) {
    return PLAIN_WORD.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /** A name out of a dump, or that there is none. */
  public static String orNoName(String name) {
    return name.isEmpty() ? "(no name)" : name;
  }

  /**
   * A name out of a dump, safe to print: control characters, which could drive a terminal, and
   * characters that reorder or hide text are written as escapes.
   */
  public static String printable(String name) {
    return printable(name, false);
  }

  /** A path, whose names are quoted and escaped already: what else could do harm is escaped. */
  public static String printablePath(String path) {
    return printable(path, true);
  }

  /** Path, address and problem as one line. */
  public static String printable(KhoException failure) {
    String problem = printable(failure.problem());
    if (failure.path().isEmpty()) {
      return problem;
    }
    String path = printablePath(failure.path());
    return failure.address() == KhoException.NOWHERE
        ? path + ": " + problem
        : "%s at %s: %s".formatted(path, address(failure.address()), problem);
  }

  private static String printable(String name, boolean escaped) {
    StringBuilder out = null;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean plain =
          c < 0x7f ? c >= ' ' && (escaped || c != '\\') : c > 0xa0 && isVisible(name, i);
      if (!plain && out == null) {
        out = new StringBuilder(name.length() + 16).append(name, 0, i);
      }
      if (out != null) {
        if (plain) {
          out.append(c);
        } else {
          escape(out, c);
        }
      }
    }
    return out == null ? name : out.toString();
  }

  private static boolean isVisible(String name, int index) {
    char c = name.charAt(index);
    if (Character.isSurrogate(c)) {
      boolean pair =
          Character.isHighSurrogate(c)
              ? index + 1 < name.length() && Character.isLowSurrogate(name.charAt(index + 1))
              : index > 0 && Character.isHighSurrogate(name.charAt(index - 1));
      int start = Character.isHighSurrogate(c) ? index : index - 1;
      return pair && isVisible(Character.getType(name.codePointAt(start)));
    }
    return c != '\ufffd' && isVisible(Character.getType(c));
  }

  private static boolean isVisible(int type) {
    return switch (type) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.PRIVATE_USE,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }

  private static void escape(StringBuilder out, char c) {
    if (c == '\\') {
      out.append("\\\\");
      return;
    }
    String hex = Integer.toHexString(c);
    out.append(c < 0x100 ? "\\x" : "\\u").repeat('0', (c < 0x100 ? 2 : 4) - hex.length());
    out.append(hex);
  }
}
