package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The parameters of a kernel's command line that affect KHO. The last occurrence of a repeated
 * switch counts.
 *
 * @param text all of it
 */
public record CommandLine(String text) {

  /**
   * A {@code reserve_mem=SIZE:ALIGN:NAME}.
   *
   * @param size bytes
   * @param align bytes, a power of two
   */
  public record Reservation(long size, long align, String name) {}

  private static final int SUFFIX = 10;

  /** Smallest alignment in a kernel (SMP_CACHE_BYTES). */
  private static final long CACHE_LINE = 64;

  /** Returns the value of {@code kho=}; empty if it is missing, or is not a switch. */
  public Optional<Boolean> kho() {
    return toggle("kho");
  }

  /** Returns the value of {@code liveupdate=}; empty if it is missing, or is not a switch. */
  public Optional<Boolean> liveupdate() {
    return toggle("liveupdate");
  }

  /** Returns every {@code reserve_mem=} that a kernel would accept. */
  public List<Reservation> reservations() {
    List<Reservation> found = new ArrayList<>();
    for (String value : values("reserve_mem")) {
      String[] parts = value.split(":", 3);
      if (parts.length == 3 && !parts[2].isEmpty()) {
        long size = size(parts[0]);
        long align = parts[1].isEmpty() ? 0 : size(parts[1]);
        if (size > 0 && align >= 0) {
          found.add(new Reservation(size, Math.max(align, CACHE_LINE), parts[2]));
        }
      }
    }
    return found;
  }

  /** Returns whether the parameter is there, with whatever value. */
  boolean has(String name) {
    return !values(name).isEmpty();
  }

  private Optional<Boolean> toggle(String name) {
    return values(name).reversed().stream().findFirst().flatMap(CommandLine::switched);
  }

  /** Reads a switch like the kernel's kstrtobool. */
  private static Optional<Boolean> switched(String value) {
    String lower = value.toLowerCase(Locale.ROOT);
    if (Stream.of("on", "y", "t", "1").anyMatch(lower::startsWith)) {
      return Optional.of(true);
    }
    return Stream.of("of", "n", "f", "0").anyMatch(lower::startsWith)
        ? Optional.of(false)
        : Optional.empty();
  }

  /** Returns the values of a parameter; parameters after {@code --} are init's. */
  private List<String> values(String name) {
    return words().stream()
        .takeWhile(word -> !word.equals("--"))
        .filter(word -> word.startsWith(name + "="))
        .map(word -> word.substring(name.length() + 1))
        .toList();
  }

  private List<String> words() {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean quoted = false;
    for (char c : (text + " ").toCharArray()) {
      if (c == '"') {
        quoted = !quoted;
      } else if (Character.isWhitespace(c) && !quoted) {
        if (!word.isEmpty()) {
          words.add(word.toString());
          word.setLength(0);
        }
      } else {
        word.append(c);
      }
    }
    return words;
  }

  /**
   * Reads a size like the kernel's memparse: C's numbers with a suffix of K to E; -1 for other
   * text.
   */
  static long size(String text) {
    String digits = text;
    int shift = 0;
    if (!text.isEmpty()) {
      int suffix = "KMGTPE".indexOf(Character.toUpperCase(text.charAt(text.length() - 1)));
      boolean hex = text.toLowerCase(Locale.ROOT).startsWith("0x");
      if (suffix >= 0 && !(hex && suffix == "KMGTPE".indexOf('E'))) {
        digits = text.substring(0, text.length() - 1);
        shift = SUFFIX * (suffix + 1);
      }
    }
    try {
      long number = Long.decode(digits);
      return number < 0 || number > Long.MAX_VALUE >> shift ? -1 : number << shift;
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
