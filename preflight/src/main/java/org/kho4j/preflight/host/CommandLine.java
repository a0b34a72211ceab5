package org.kho4j.preflight.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.abi.Limits;

/**
 * The parameters of a kernel's command line that affect KHO. Of a repeated switch, the last
 * occurrence with a valid value counts. A dash and an underscore in a name are the same (7.1 to
 * 7.3).
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

  /** Returns the command line of a running kernel, if the host shows it. */
  public static Optional<CommandLine> of(HostFiles host) throws IOException {
    return host.text("proc/cmdline").map(CommandLine::new);
  }

  /** Returns the value of {@code kho=}; empty if no {@code kho=} has a valid value. */
  public Optional<Boolean> kho() {
    return toggle("kho");
  }

  /**
   * Returns the value of {@code liveupdate=}; empty if no {@code liveupdate=} has a valid value.
   */
  public Optional<Boolean> liveupdate() {
    return toggle("liveupdate");
  }

  /**
   * Returns every {@code reserve_mem=} that a kernel accepts: the first {@value
   * Limits#RESERVE_MEM_ENTRIES} valid ones with different names (7.1 to 7.3).
   */
  public List<Reservation> reservations() {
    return requested().stream().limit(Limits.RESERVE_MEM_ENTRIES).toList();
  }

  /** Returns every valid {@code reserve_mem=}, and those that are too many as well. */
  public List<Reservation> requested() {
    Map<String, Reservation> found = new LinkedHashMap<>();
    for (String value : values("reserve_mem")) {
      String[] parts = value.split(":", 3);
      if (parts.length == 3 && isName(parts[2])) {
        long size = size(parts[0]);
        long align = parts[1].isEmpty() ? 0 : size(parts[1]);
        if (size > 0 && align >= 0) {
          found.putIfAbsent(parts[2], new Reservation(size, Math.max(align, CACHE_LINE), parts[2]));
        }
      }
    }
    return List.copyOf(found.values());
  }

  private static boolean isName(String text) {
    return !text.isBlank()
        && text.getBytes(StandardCharsets.UTF_8).length <= Limits.RESERVE_MEM_NAME;
  }

  /** Returns whether the parameter is there, with whatever value. */
  public boolean has(String name) {
    return !values(name).isEmpty();
  }

  private Optional<Boolean> toggle(String name) {
    return values(name).reversed().stream().flatMap(value -> switched(value).stream()).findFirst();
  }

  /** Reads a switch like the kernel's kstrtobool (7.1 to 7.3). */
  private static Optional<Boolean> switched(String value) {
    String lower = value.toLowerCase(Locale.ROOT);
    if (Stream.of("on", "e", "y", "t", "1").anyMatch(lower::startsWith)) {
      return Optional.of(true);
    }
    return Stream.of("of", "d", "n", "f", "0").anyMatch(lower::startsWith)
        ? Optional.of(false)
        : Optional.empty();
  }

  /** Returns the values of a parameter; parameters after {@code --} are init's. */
  private List<String> values(String name) {
    return words().stream()
        .takeWhile(word -> !word.equals("--"))
        .map(word -> word.split("=", 2))
        .filter(word -> word.length == 2 && word[0].replace('-', '_').equals(name))
        .map(word -> word[1])
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
    if (text.isEmpty() || text.charAt(0) < '0' || text.charAt(0) > '9') {
      return -1;
    }
    String digits = text;
    int shift = 0;
    int suffix = "KMGTPE".indexOf(Character.toUpperCase(text.charAt(text.length() - 1)));
    boolean hex = text.toLowerCase(Locale.ROOT).startsWith("0x");
    if (suffix >= 0 && !(hex && suffix == "KMGTPE".indexOf('E'))) {
      digits = text.substring(0, text.length() - 1);
      shift = SUFFIX * (suffix + 1);
    }
    try {
      long number = Long.decode(digits);
      return number > Long.MAX_VALUE >> shift ? -1 : number << shift;
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
