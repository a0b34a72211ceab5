package org.kho4j.preflight.diff;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds comments in the contract's headers that mention another version than the headers define: in
 * Linux 7.2 and 7.3, KHO's header mentions kho-v3 twice, and defines kho-v4.
 */
public final class StaleProse {

  /** The directory of the headers in a kernel's source tree. */
  public static final Path HEADERS = Path.of("include", "linux", "kho", "abi");

  private static final long MAX_BYTES = 1 << 20;
  private static final Pattern DEFINED =
      Pattern.compile("^\\s*#\\s*define\\s+\\w+\\s+\"([a-z][a-z0-9_-]*)-v(\\d+)\"");
  private static final Pattern NAMED = Pattern.compile("\\b([a-z][a-z0-9_-]*)-v(\\d+)\\b");

  private StaleProse() {}

  /**
   * Finds every such place, as {@code file:line: sentence}.
   *
   * @param tree a kernel's source tree
   * @throws IOException if the tree has no headers of the contract, or they cannot be read
   */
  public static List<String> find(Path tree) throws IOException {
    Path headers = tree.resolve(HEADERS);
    if (!Files.isDirectory(headers)) {
      throw new NoSuchFileException(headers.toString());
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(headers)) {
      files = all.filter(file -> file.toString().endsWith(".h")).sorted().toList();
    }
    List<String> found = new ArrayList<>();
    for (Path file : files) {
      find(file, tree.relativize(file), found);
    }
    return found;
  }

  private static void find(Path file, Path name, List<String> found) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(file + ": is no file");
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + ": is larger than a header can be");
    }
    List<String> lines;
    try {
      lines = Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (MalformedInputException e) {
      throw new IOException(file + ": is not text in UTF-8", e);
    }
    Map<String, String> defined = new HashMap<>();
    for (String line : lines) {
      Matcher matcher = DEFINED.matcher(line);
      if (matcher.find()) {
        defined.put(matcher.group(1), matcher.group(2));
      }
    }
    for (int i = 0; i < lines.size(); i++) {
      Matcher named = NAMED.matcher(lines.get(i));
      while (named.find()) {
        String version = defined.get(named.group(1));
        if (version != null && !version.equals(named.group(2))) {
          found.add(
              "%s:%d: mentions %s, but the string is %s-v%s"
                  .formatted(name, i + 1, named.group(), named.group(1), version));
        }
      }
    }
  }
}
