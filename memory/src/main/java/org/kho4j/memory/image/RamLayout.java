package org.kho4j.memory.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.mapped.MappedRuns;

/**
 * The physical addresses of the bytes of a guest's RAM file, as QEMU reports them. Needed where the
 * file is not flat: a large x86-64 guest has a hole below 4 GiB, and the rest of its RAM above.
 */
public final class RamLayout {

  /** Most bytes of an answer: a guest with hundreds of devices has some hundred KiB. */
  static final int MAX_BYTES = 4 << 20;

  /** Most names of RAM that a message lists. */
  private static final int MAX_NAMES = 8;

  /** Lines of text, or of a JSON string, in which line ends and quotes are escaped. */
  private static final Pattern LINE_END = Pattern.compile("\\r?\\n|(?:\\\\r)?\\\\n");

  private static final Pattern VIEW = Pattern.compile("FlatView #\\d+\\s*");
  private static final Pattern SYSTEM = Pattern.compile("\\s*AS \\\\?\"memory\\\\?\",.*");
  private static final Pattern RAM =
      Pattern.compile(
          "\\s*(\\p{XDigit}{16})-(\\p{XDigit}{16}) \\(prio -?\\d+, (?:nv-)?(?:ram|rom|romd)\\):"
              + " (\\S{1,128})(?: @(\\p{XDigit}{16}))?(?: .*)?");

  private final Path path;
  private final List<Block> blocks;

  private RamLayout(Path path, List<Block> blocks) {
    this.path = path;
    this.blocks = blocks;
  }

  private record Block(String ram, long address, long length, long offset) {
    long end() {
      return address + length;
    }

    long endInRam() {
      return offset + length;
    }

    boolean continuedBy(Block next) {
      return ram.equals(next.ram) && end() == next.address && endInRam() == next.offset;
    }
  }

  /**
   * Reads the answer of QEMU's monitor to {@code info mtree -f}, as text or as QMP's JSON. Only the
   * address space {@code memory} counts, and in it RAM and ROM.
   *
   * @throws java.nio.file.NoSuchFileException if there is no such file
   * @throws MalformedImageException if it is not such an answer, or larger than 4 MiB
   * @throws IOException if it cannot be read
   */
  public static RamLayout read(Path answer) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(answer)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new MalformedImageException(
          answer + " has more than " + MAX_BYTES + " bytes: no RAM layout is that large");
    }
    return parse(answer, new String(bytes, StandardCharsets.ISO_8859_1));
  }

  private static RamLayout parse(Path path, String text) throws MalformedImageException {
    List<Block> blocks = new ArrayList<>();
    boolean system = false;
    for (String line : (Iterable<String>) LINE_END.splitAsStream(text)::iterator) {
      if (SYSTEM.matcher(line).matches()) {
        system = true;
      } else if (VIEW.matcher(line).find()) {
        if (system) {
          break;
        }
      } else if (system) {
        Matcher ram = RAM.matcher(line);
        if (ram.matches()) {
          append(path, blocks, ram);
        }
      }
    }
    if (blocks.isEmpty()) {
      throw new MalformedImageException(
          path
              + (system
                  ? " has no RAM in the view of address space \"memory\""
                  : " is not what QEMU answers to 'info mtree -f': it has no view of address space"
                      + " \"memory\""));
    }
    return new RamLayout(path, blocks);
  }

  private static void append(Path path, List<Block> blocks, Matcher ram)
      throws MalformedImageException {
    long address = Long.parseUnsignedLong(ram.group(1), 16);
    long last = Long.parseUnsignedLong(ram.group(2), 16);
    long offset = ram.group(4) == null ? 0 : Long.parseUnsignedLong(ram.group(4), 16);
    String shown = "RAM " + ram.group(1) + "-" + ram.group(2);
    long length = last - address + 1;
    if (address < 0 || last < address || last == Long.MAX_VALUE || offset < 0) {
      throw new MalformedImageException(
          path + ": " + shown + " does not end before 2^63, or begins behind its end");
    }
    if (offset + length < 0) {
      throw new MalformedImageException(
          path + ": " + shown + " runs past 2^63 in its RAM, from 0x" + ram.group(4) + " on");
    }
    Block block = new Block(ram.group(3), address, length, offset);
    Block before = blocks.isEmpty() ? null : blocks.getLast();
    if (before != null && address < before.end()) {
      throw new MalformedImageException(
          path
              + ": "
              + shown
              + " begins before the one above it ends, at 0x"
              + Long.toHexString(before.end()));
    }
    if (before != null && before.continuedBy(block)) {
      blocks.removeLast();
      block = new Block(before.ram, before.address, before.length + length, before.offset);
    }
    blocks.add(block);
  }

  /**
   * Returns a layout with only the RAM of a given name, which is its memory backend's name: for
   * guests with several of one size.
   *
   * @throws MalformedImageException if the layout has no such RAM
   */
  public RamLayout only(String ram) throws MalformedImageException {
    List<Block> those = blocks.stream().filter(block -> block.ram.equals(ram)).toList();
    if (those.isEmpty()) {
      throw new MalformedImageException(path + " has no RAM \"" + ram + "\": it has " + names());
    }
    return new RamLayout(path, those);
  }

  /**
   * Returns the runs of a RAM file: those of the RAM whose size is exactly the file's.
   *
   * @throws MalformedImageException if there is no such RAM, or more than one
   */
  MappedRuns runs(Path file, long size) throws MalformedImageException {
    List<String> fitting =
        sizes().entrySet().stream()
            .filter(ram -> ram.getValue() == size)
            .map(Map.Entry::getKey)
            .toList();
    if (fitting.size() != 1) {
      throw new MalformedImageException(
          fitting.isEmpty()
              ? "%s has %d bytes, but no RAM in %s has this size: it has %s"
                  .formatted(file, size, path, names())
              : "%s has %d bytes, but several RAM areas in %s have this size; select one: %s"
                  .formatted(file, size, path, names()));
    }
    List<Block> those =
        blocks.stream().filter(block -> block.ram.equals(fitting.getFirst())).toList();
    return new MappedRuns(
        those.stream().mapToLong(Block::address).toArray(),
        those.stream().mapToLong(Block::length).toArray(),
        those.stream().mapToLong(Block::offset).toArray());
  }

  /** Returns each RAM by name, with the largest end of its listed bytes. */
  private Map<String, Long> sizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    blocks.forEach(block -> sizes.merge(block.ram, block.endInRam(), Math::max));
    return sizes;
  }

  private String names() {
    Map<String, Long> sizes = sizes();
    String names =
        sizes.entrySet().stream()
            .limit(MAX_NAMES)
            .map(ram -> ram.getKey() + " (" + ram.getValue() + " bytes)")
            .collect(Collectors.joining(", "));
    return sizes.size() > MAX_NAMES ? names + ", …" : names;
  }
}
