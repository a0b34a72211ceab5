package org.kho4j.cli.captures;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/** The root directory of a host that a real guest has told of, line by line. */
public final class HostRoot {

  /** Where the recorded host of 64 GiB has its direct map. */
  public static final long DIRECT_MAP = 0xffff_8a72_8000_0000L;

  private static final Pattern DUMP = Pattern.compile("lab: dump /(\\S+) (\\d+) (\\p{XDigit}+)");
  private static final Pattern LINK = Pattern.compile("lab: link /(\\S+) (.*)");

  private static final String PLACE = "/org/kho4j/cli/running/";
  private static final int PT_LOAD = 1;
  private static final int PROGRAM_HEADER = 56;
  private static final long OFFSET = 0x10000;

  private final Path root;

  public HostRoot(Path root) {
    this.root = root;
  }

  /** Files and links as the guest dumped them: what {@code dump} and {@code links} of init say. */
  public HostRoot recorded(String name) throws IOException {
    for (String line : text(name + ".txt").lines().toList()) {
      Matcher dump = DUMP.matcher(line);
      if (dump.matches()) {
        try (OutputStream file =
            Files.newOutputStream(place(dump.group(1)), CREATE, StandardOpenOption.APPEND)) {
          file.write(HexFormat.of().parseHex(dump.group(3)));
        }
      }
      Matcher link = LINK.matcher(line);
      if (link.matches()) {
        Files.createSymbolicLink(place(link.group(1)), Path.of(link.group(2)));
      }
    }
    return this;
  }

  /**
   * A capture in a machine of 64 GiB: the program headers of its {@code /proc/kcore} are those of a
   * real guest, apart from the offsets of RAM, which no file system takes.
   */
  public HostRoot memory(Path capture) throws IOException {
    byte[] headers = bytes("kcore-64g.headers");
    ByteBuffer table = ByteBuffer.wrap(headers).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 64; at < headers.length; at += PROGRAM_HEADER) {
      long physical = table.getLong(at + 24);
      if (table.getInt(at) == PT_LOAD && physical != -1) {
        table.putLong(at + 8, OFFSET + physical);
      }
    }
    try (FileChannel kcore = FileChannel.open(place("proc/kcore"), CREATE, READ, WRITE, SPARSE);
        PhysicalMemory memory = MemoryImages.open(capture)) {
      kcore.write(table, 0);
      kcore.write(ByteBuffer.allocate(1), OFFSET + (65L << 30));
      memory.forEachDataRange((address, length) -> copy(memory, address, length, kcore));
    }
    Files.write(place("proc/iomem"), bytes("iomem-64g.txt"));
    return this;
  }

  private static void copy(PhysicalMemory memory, long address, long length, FileChannel kcore) {
    for (long at = address; at < address + length; at += 1 << 20) {
      MemorySegment bytes = memory.read(at, Math.min(1 << 20, address + length - at));
      try {
        kcore.write(bytes.asByteBuffer(), OFFSET + at);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** Writes into the memory. */
  public HostRoot store(long address, long... words) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      bytes.putLong(word);
    }
    try (FileChannel kcore = FileChannel.open(place("proc/kcore"), WRITE)) {
      kcore.write(bytes.flip(), OFFSET + address);
    }
    return this;
  }

  /** A file. */
  public HostRoot put(String place, String text) throws IOException {
    return put(place, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** A file. */
  public HostRoot put(String place, byte[] content) throws IOException {
    Files.write(place(place), content);
    return this;
  }

  private Path place(String name) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    return file;
  }

  private static String text(String name) throws IOException {
    return new String(bytes(name), StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(String name) throws IOException {
    try (InputStream in = HostRoot.class.getResourceAsStream(PLACE + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }
}
