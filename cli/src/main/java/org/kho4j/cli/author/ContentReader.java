package org.kho4j.cli.author;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.kho4j.cli.output.FileReason;
import org.kho4j.cli.output.Units;

/**
 * Reads the keys that say what memory is filled with: {@code text}, {@code hex}, {@code file} or
 * {@code seed}, and zeros without any of them.
 *
 * @param directory what names of files are relative to: the spec's
 * @param reads takes the path of every file that a spec names
 */
record ContentReader(Path directory, Consumer<Path> reads) {

  private static final List<String> KEYS = List.of("text", "hex", "file", "seed");

  /** The largest page of a kernel, so the largest size of a file in /sys. */
  private static final int MAX_PAGE = 64 << 10;

  /** These keys, and some of the object's own before them. */
  static List<String> withKeys(String... own) {
    return Stream.concat(Stream.of(own), KEYS.stream()).toList();
  }

  /** The content that an object gives. */
  Fill read(SpecObject object) {
    return object.atMostOneOf(KEYS).map(value -> content(object, value)).orElseGet(Fill.Zeros::new);
  }

  /** The content that an object gives for memory of a size. */
  Fill read(SpecObject object, long size) {
    Fill content = read(object);
    requireRoom(object, content, size);
    return content;
  }

  /** Checks that a content does not need more than there is. */
  static void requireRoom(SpecObject object, Fill content, long size) {
    if (content.size().isPresent() && content.size().getAsLong() > size) {
      Optional<SpecValue> value = object.atMostOneOf(KEYS);
      throw value
          .map(SpecValue::place)
          .orElse(object.place())
          .broken(
              "has %s bytes, more than the %s of its memory",
              Units.count(content.size().getAsLong()), Units.count(size));
    }
  }

  private Fill content(SpecObject object, SpecValue value) {
    if (object.has("text")) {
      return bytes(value.text().getBytes(StandardCharsets.UTF_8));
    }
    if (object.has("hex")) {
      return bytes(hex(value));
    }
    if (object.has("file")) {
      return file(value);
    }
    return new Fill.Seeded(value.number());
  }

  private static Fill bytes(byte[] bytes) {
    return new Fill.Bytes(MemorySegment.ofArray(bytes));
  }

  private static byte[] hex(SpecValue value) {
    String digits = value.text().replace(" ", "");
    try {
      return HexFormat.of().parseHex(digits);
    } catch (IllegalArgumentException e) {
      throw value.broken("is not a whole number of bytes in hexadecimal, as in \"00 ff 1a\"");
    }
  }

  private Path path(SpecValue value) {
    try {
      return directory.resolve(value.text());
    } catch (InvalidPathException e) {
      throw value.broken("\"%s\" is not a path: %s", value.text(), e.getReason());
    }
  }

  /** Checks a file's size: in /proc it is 0, in /sys a page, whatever is read from the file. */
  private static void requireAll(SpecValue value, Path path, long size) throws IOException {
    if (size > MAX_PAGE) {
      return;
    }
    try (InputStream in = Files.newInputStream(path)) {
      if (in.readNBytes((int) size + 1).length != size) {
        throw value.broken(
            "the size of %s is %d, but the file has another number of bytes, as in /proc and /sys:"
                + " name a copy of the file",
            path, size);
      }
    }
  }

  private Fill file(SpecValue value) {
    Path path = path(value);
    try {
      if (!Files.isRegularFile(path)) {
        throw value.broken(
            path + (Files.exists(path) ? " is not a regular file" : ": no such file"));
      }
      reads.accept(path);
      long bytes = Files.size(path);
      requireAll(value, path, bytes);
      return new Fill.OfFile(path, bytes);
    } catch (FileSystemException e) {
      throw value.broken("%s cannot be read: %s", path, FileReason.of(e));
    } catch (IOException e) {
      throw value.broken("%s cannot be read: %s", path, e.getMessage());
    }
  }
}
