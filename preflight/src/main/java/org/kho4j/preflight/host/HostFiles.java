package org.kho4j.preflight.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files of a host below a root directory; records which files only root may read. */
public final class HostFiles {

  /** Most bytes that are read of a file of {@code /proc} or debugfs. */
  private static final int MAX_BYTES = 4 << 20;

  /** Most names of a directory. */
  private static final int MAX_NAMES = 1024;

  private static final Pattern MEM_TOTAL =
      Pattern.compile("^MemTotal: +(\\d{1,12}) kB$", Pattern.MULTILINE);

  private final Path root;
  private final Set<String> notes = new LinkedHashSet<>();

  /**
   * The files of a host.
   *
   * @param root its root directory
   */
  public HostFiles(Path root) {
    this.root = root;
  }

  /** Reads a file. */
  @FunctionalInterface
  public interface Reading<T> {
    /** Returns the content of the file at a path. */
    T of(Path path) throws IOException;
  }

  /** Returns the path of a file or directory, which messages name. */
  public Path path(String place) {
    return root.resolve(place);
  }

  /** Reads a file; empty if the file does not exist, may not be read, or is outside of the root. */
  public <T> Optional<T> read(String place, Reading<T> reading) throws IOException {
    return at(
        place,
        path -> {
          // Reading a FIFO would block.
          if (!Files.readAttributes(path, BasicFileAttributes.class).isRegularFile()) {
            throw new IOException(path + ": is no file");
          }
          return reading.of(path);
        });
  }

  private <T> Optional<T> at(String place, Reading<T> reading) throws IOException {
    Path path = path(place);
    try {
      if (leadsOut(path)) {
        note(path + " is a symbolic link that leads out of " + root);
        return Optional.empty();
      }
      return Optional.of(reading.of(path));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (AccessDeniedException e) {
      note(path + " may be read only by root");
      return Optional.empty();
    }
  }

  /** Returns whether symbolic links lead from a path below the root to a file outside of it. */
  public boolean leadsOut(Path path) throws IOException {
    return root.getNameCount() > 0 && !path.toRealPath().startsWith(root.toRealPath());
  }

  /** Returns the bytes of a file, at most 4 MiB; empty as with {@link #read}. */
  public Optional<byte[]> bytes(String place) throws IOException {
    return read(
        place,
        path -> {
          try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(MAX_BYTES);
          }
        });
  }

  /**
   * Returns the text of a file without surrounding space; empty as with {@link #read}. NULs at its
   * end are no part of it: tar pads files of sysfs to the length that they claim.
   */
  public Optional<String> text(String place) throws IOException {
    return bytes(place)
        .map(bytes -> {
          int length = bytes.length;
          while (length > 0 && bytes[length - 1] == 0) {
            length--;
          }
          return new String(bytes, 0, length, StandardCharsets.UTF_8).strip();
        });
  }

  /** Returns the names in a directory, sorted. */
  public Optional<List<String>> names(String directory) throws IOException {
    return at(
        directory,
        path -> {
          try (Stream<Path> all = Files.list(path)) {
            List<String> names =
                all.limit(MAX_NAMES + 1).map(file -> file.getFileName().toString()).toList();
            if (names.size() > MAX_NAMES) {
              throw new IOException(path + ": has more than " + MAX_NAMES + " files");
            }
            return names.stream().sorted().toList();
          } catch (NotDirectoryException e) {
            throw new IOException(path + ": is no directory", e);
          }
        });
  }

  /**
   * Returns the bytes of the host's memory, without the memory that its kernel reserved in early
   * boot.
   */
  public OptionalLong ram() throws IOException {
    Matcher total = MEM_TOTAL.matcher(text("proc/meminfo").orElse(""));
    return total.find()
        ? OptionalLong.of(Long.parseLong(total.group(1)) << 10)
        : OptionalLong.empty();
  }

  /** Returns an exception about a malformed file. */
  public IOException broken(String place, String what) {
    return new IOException(path(place) + ": " + what);
  }

  /** Adds to the {@link #notes}. */
  public void note(String sentence) {
    notes.add(sentence);
  }

  /** Returns sentences about files that could not be read, and the consequences. */
  public List<String> notes() {
    return List.copyOf(notes);
  }
}
