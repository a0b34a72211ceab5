package org.kho4j.memory.running;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.mapped.RamRanges;

/**
 * Reads the ranges that {@code /proc/iomem} names System RAM. Memory that a driver adds is in a
 * line below the device's, with the driver's name behind it: {@code System RAM (kmem)}.
 */
final class SystemRam {

  private static final String PLACE = "proc/iomem";

  private static final Pattern LINE =
      Pattern.compile(" *(\\p{XDigit}{1,16})-(\\p{XDigit}{1,16}) : System RAM(?: \\(.*\\))?");

  private static final int MAX_RANGES = 1 << 16;

  private record Range(long start, long length) {}

  private SystemRam() {}

  /**
   * Reads the ranges.
   *
   * @throws IOException if the file cannot be read, or hides the addresses from this process
   */
  static RamRanges read(Path root) throws IOException {
    Path path = root.resolve(PLACE);
    List<Range> ranges = new ArrayList<>();
    boolean hidden = false;
    for (String line : lines(path)) {
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        continue;
      }
      long start = Long.parseUnsignedLong(matcher.group(1), 16);
      long last = Long.parseUnsignedLong(matcher.group(2), 16);
      hidden |= start == 0 && last == 0;
      if (start < 0 || last < start || last == Long.MAX_VALUE || ranges.size() == MAX_RANGES) {
        throw new MalformedImageException(
            "%s: \"%s\" is no range of memory, or one of more than %d"
                .formatted(path, line.strip(), MAX_RANGES));
      }
      ranges.add(new Range(start, last - start + 1));
    }
    if (hidden) {
      throw new IOException(
          path + " hides the addresses of RAM: only a process with CAP_SYS_ADMIN sees them");
    }
    if (ranges.isEmpty()) {
      throw new MalformedImageException(path + " names no System RAM");
    }
    ranges.sort(Comparator.comparingLong(Range::start));
    return new RamRanges(
        ranges.stream().mapToLong(Range::start).toArray(),
        ranges.stream().mapToLong(Range::length).toArray());
  }

  private static List<String> lines(Path path) throws IOException {
    try {
      return Files.readAllLines(path);
    } catch (NoSuchFileException e) {
      throw new IOException(path + " is not there: is /proc mounted?", e);
    } catch (AccessDeniedException e) {
      throw new IOException(path + " may not be read", e);
    }
  }
}
