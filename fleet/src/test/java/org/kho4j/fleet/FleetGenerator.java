package org.kho4j.fleet;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Makes a fleet out of captures of real kernels: each host has a session of its own name, and a
 * kind, which is a change of the capture by a few bytes. Kinds are drawn from the seed alone.
 */
final class FleetGenerator {

  static final String COMMAND_LINE = "kho=on liveupdate=on reserve_mem=1M:65536:trace";

  private static final Path CAPTURES =
      Path.of("../cli/src/test/resources/org/kho4j/cli/captures/lab");

  private static final int GROUPS = 20;

  /** A broken host in 100, and an equal content in 20. */
  private static final int BROKEN_IN = 100;

  private static final int EQUAL_IN = 20;

  private static final List<String> SOUND =
      List.of(
          "everything",
          "everything-document",
          "no-reservation",
          "other-reservation",
          "memfd-v9",
          "luo-v9",
          "kho-v9",
          "metadata-2",
          "kho-v3",
          "arm64-64k");

  private static final List<String> BROKEN = List.of("cut-off", "text", "no-root");

  /**
   * A host that was made.
   *
   * @param contentOf the number of the host whose bytes it has
   */
  record Made(String host, String group, String kind, int contentOf) {}

  private final Random random;
  private final Map<String, byte[]> captures = new LinkedHashMap<>();
  private final byte[] document;

  FleetGenerator(long seed) throws IOException {
    random = new Random(seed);
    for (String capture :
        List.of(
            "x86_64-7.2-moments",
            "x86_64-7.3-above-the-hole",
            "x86_64-7.1-moments",
            "arm64-7.3-64k-moments")) {
      byte[] packed = Files.readAllBytes(CAPTURES.resolve(capture + ".elf.zst"));
      captures.put(capture, Zstd.decompress(packed, (int) Zstd.getFrameContentSize(packed)));
    }
    document = HostReaderTest.inspect(CAPTURES.resolve("x86_64-7.2-moments.elf.zst"));
  }

  /** Makes so many hosts below a folder. */
  List<Made> make(Path folder, int hosts) throws IOException {
    List<Made> made = new ArrayList<>();
    for (int i = 0; i < hosts; i++) {
      String group = "rack-%02d".formatted(random.nextInt(GROUPS));
      String host = "host-%06d".formatted(i);
      Path file = Files.createDirectories(folder.resolve(group)).resolve(host);
      boolean broken = random.nextInt(BROKEN_IN) == 0;
      if (!broken && i > 0 && random.nextInt(EQUAL_IN) == 0) {
        Made other = made.get(random.nextInt(i));
        Files.copy(folder.resolve(other.group).resolve(other.host), file);
        made.add(new Made(host, group, other.kind, other.contentOf));
        continue;
      }
      List<String> kinds = broken ? BROKEN : SOUND;
      String kind = kinds.get(random.nextInt(kinds.size()));
      Files.write(file, content(kind, i));
      made.add(new Made(host, group, kind, i));
    }
    return made;
  }

  /** Makes so many hosts of one kind. */
  void make(Path folder, String kind, int hosts) throws IOException {
    for (int i = 0; i < hosts; i++) {
      Path group = Files.createDirectories(folder.resolve("rack-%02d".formatted(i % GROUPS)));
      Files.write(group.resolve("host-%06d".formatted(i)), content(kind, i));
    }
  }

  private byte[] content(String kind, int number) {
    return switch (kind) {
      case "everything-document" ->
          new String(document, StandardCharsets.UTF_8)
              .replace("\"config\"", "\"" + letters(number, 6) + "\"")
              .getBytes(StandardCharsets.UTF_8);
      case "text" -> ("host " + number + " has no capture\n").getBytes(StandardCharsets.UTF_8);
      case "cut-off" -> {
        byte[] packed = packed(capture("x86_64-7.2-moments", "config", number));
        yield Arrays.copyOf(packed, packed.length / 2);
      }
      case "no-reservation" -> packed(capture("x86_64-7.3-above-the-hole", "high", number));
      case "kho-v3" -> packed(capture("x86_64-7.1-moments", "config", number));
      case "arm64-64k" -> packed(capture("arm64-7.3-64k-moments", "config", number));
      default -> {
        byte[] image = capture("x86_64-7.2-moments", "config", number);
        switch (kind) {
          case "everything" -> {}
          case "other-reservation" -> replace(image, "trace\0", "other\0");
          case "memfd-v9" -> replace(image, "memfd-v2", "memfd-v9");
          case "luo-v9" -> replace(image, "luo-v5", "luo-v9");
          case "kho-v9" -> replace(image, "kho-v4", "kho-v9");
          case "metadata-2" -> replace(image, "\1\0\0\0" + "7.2.12\0", "\2\0\0\0" + "7.2.12\0");
          case "no-root" -> replace(image, "kho-v4", "xxx-v4");
          default -> throw new IllegalArgumentException(kind);
        }
        yield packed(image);
      }
    };
  }

  /** A capture whose session has the name of a host. */
  private byte[] capture(String name, String session, int number) {
    byte[] image = captures.get(name).clone();
    String field = session + "\0".repeat(64 - session.length());
    replace(image, field, letters(number, session.length()) + field.substring(session.length()));
    return image;
  }

  private static String letters(int number, int length) {
    char[] letters = new char[length];
    int left = number;
    for (int i = length - 1; i >= 0; i--) {
      letters[i] = (char) ('a' + left % 26);
      left /= 26;
    }
    return new String(letters);
  }

  private static byte[] packed(byte[] image) {
    return Zstd.compress(image, 1);
  }

  /** Replaces every occurrence by a text of the same length. */
  private static void replace(byte[] image, String text, String by) {
    byte[] from = text.getBytes(StandardCharsets.ISO_8859_1);
    byte[] to = by.getBytes(StandardCharsets.ISO_8859_1);
    int found = 0;
    for (int at = 0; at + from.length <= image.length; at++) {
      if (image[at] == from[0]
          && Arrays.equals(image, at, at + from.length, from, 0, from.length)) {
        System.arraycopy(to, 0, image, at, to.length);
        found++;
      }
    }
    if (found == 0) {
      throw new IllegalStateException("the capture has no " + text.strip());
    }
  }
}
