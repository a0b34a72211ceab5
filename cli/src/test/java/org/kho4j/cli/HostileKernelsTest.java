package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.preflight.btf.Btf;

/**
 * For every file in the place of a kernel, the answer is a verdict or one sentence that names the
 * file, in the heap of {@code ./kho}. A JVM of that size runs it: see {@code kho-heap} in the
 * module's pom.xml.
 */
@Tag("kho-heap")
@Timeout(60)
class HostileKernelsTest {

  private static final Path KERNELS =
      Path.of(
          System.getProperty("basedir", "."),
          "../preflight/src/test/resources/org/kho4j/preflight");
  private static final Path VECTOR =
      Path.of(System.getProperty("basedir", "."), "../vectors/handover/linux-7.3-4k.elf.zst");
  private static final List<String> PACKINGS =
      List.of("gz", "x86.xz", "arm64.xz", "zst", "lz4", "lzma");

  /** Damaged copies of each file. */
  private static final int COPIES = 30;

  @TempDir private static Path directory;

  /** A file that is whole. */
  static final class Whole {
    private final String name;
    private final byte[] bytes;

    Whole(String name, byte[] bytes) {
      this.name = name;
      this.bytes = bytes;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Whole> images() throws IOException {
    List<Whole> images = new ArrayList<>();
    byte[] elf = resource("small.elf");
    images.add(new Whole("vmlinux", elf));
    images.add(new Whole("btf", resource("small.btf")));
    images.add(new Whole("Image", image(elf)));
    images.add(new Whole("bzImage", bzImage(elf)));
    for (String packing : PACKINGS) {
      byte[] packed = resource("small.elf." + packing);
      images.add(new Whole("vmlinux." + packing, packed));
      byte[] payload = packing.equals("gz") ? packed : withLength(packed, elf.length);
      images.add(new Whole("bzImage " + packing, bzImage(payload)));
    }
    images.add(new Whole("zboot gz", zboot(gzip(image(elf)))));
    images.add(new Whole("profile", profile()));
    return images.stream();
  }

  private static byte[] profile() throws IOException {
    Answer answer = kho("preflight", "--to", KERNELS.resolve("small.elf"), "--json");
    assertThat(answer.out()).as(answer.err()).isNotEmpty();
    return answer.out().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] resource(String name) throws IOException {
    return Files.readAllBytes(KERNELS.resolve(name));
  }

  private static byte[] image(byte[] content) {
    ByteBuffer image = little(64 + content.length);
    image.putLong(24, 8 | 1 << 1);
    image.put(56, "ARMd".getBytes(StandardCharsets.US_ASCII));
    return array(image.put(64, content));
  }

  private static byte[] bzImage(byte[] payload) {
    int start = 5 * 512;
    ByteBuffer image = little(start + payload.length + 512);
    image.put(0x1f1, (byte) 4).put(0x202, "HdrS".getBytes(StandardCharsets.US_ASCII));
    image.putShort(0x206, (short) 0x20f).putShort(0x20e, (short) 0x300);
    image.put(0x500, "7.3.4-test (somebody)".getBytes(StandardCharsets.US_ASCII));
    image.putInt(0x24c, payload.length);
    return array(image.put(start, payload));
  }

  private static byte[] zboot(byte[] payload) {
    ByteBuffer image = little(0x400 + payload.length);
    image.put(0, "MZ\0\0zimg".getBytes(StandardCharsets.US_ASCII));
    image.putInt(8, 0x400).putInt(12, payload.length);
    return array(image.put(0x400, payload));
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    }
    return packed.toByteArray();
  }

  private static byte[] array(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return bytes;
  }

  private static byte[] withLength(byte[] packed, int unpacked) {
    return array(little(packed.length + 4).put(0, packed).putInt(packed.length, unpacked));
  }

  private static ByteBuffer little(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }

  private record Answer(int exit, String out, String err) {}

  private static Answer kho(Object... args) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    String[] line = Stream.of(args).map(Object::toString).toArray(String[]::new);
    return new Answer(new Kho(pipe.console, "").run(line), pipe.out(), pipe.err());
  }

  /** One sentence, which names the file. */
  private static void assertRefused(Answer answer, Path file) {
    assertThat(answer.exit()).as(answer.out() + answer.err()).isEqualTo(2);
    assertThat(answer.out()).isEmpty();
    assertThat(answer.err().lines().toList())
        .singleElement()
        .asString()
        .startsWith("kho: ")
        .contains(file.toString())
        .doesNotContain("internal error", "is a bug", "Exception", "\tat ");
  }

  private static void assertAnswered(String what, Answer answer, Path file) {
    if (answer.exit() == 2) {
      assertRefused(answer, file);
    } else {
      assertThat(answer.exit()).as("%s: %s", what, answer.err()).isIn(0, 1);
      assertThat(answer.out()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("images")
  void whatIsWholeIsRead(Whole image) throws IOException {
    Path file = Files.write(directory.resolve("whole"), image.bytes);
    Answer answer = kho("preflight", "--to", file);
    // The small kernel claims versions whose structures it does not lay out so.
    assertThat(answer.exit()).as(answer.err()).isIn(0, 1);
    assertThat(answer.err()).isEmpty();
  }

  /** Linux 7 packs with dictionaries of 128 MiB; both kernels are read at once. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "xz --check=crc32 --x86 --lzma2=dict=128MiB",
        "xz --format=lzma --lzma1=dict=128MiB"
      })
  void twoKernelsWithTheLargestDictionariesAreRead(String command) throws Exception {
    assertThat(Runtime.getRuntime().maxMemory()).isLessThan(320L << 20);
    Path packed = directory.resolve("large-dictionary");
    String shell = command + " -c '" + KERNELS.resolve("small.elf") + "' >'" + packed + "'";
    assumeTrue(new ProcessBuilder("sh", "-c", shell).start().waitFor() == 0, "no xz");
    byte[] kernel = bzImage(withLength(Files.readAllBytes(packed), resource("small.elf").length));
    Path one = Files.write(directory.resolve("one"), kernel);
    Path two = Files.write(directory.resolve("two"), kernel);

    Answer answer = kho("preflight", "--from", one, "--to", two);
    assertThat(answer.exit()).as(answer.err()).isIn(0, 1);
    assertThat(answer.out()).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("images")
  void damagedImagesAreReadOrRefused(Whole image) throws IOException {
    Random random = new Random(image.name.hashCode());
    Path good = Files.write(directory.resolve("good"), resource("small.elf"));
    Path file = directory.resolve("damaged");
    for (int i = 0; i < COPIES; i++) {
      Files.write(file, damaged(image.bytes, random, i));
      assertAnswered(image + " " + i, kho("preflight", "--to", file), file);
      if (i % 10 == 0) {
        assertAnswered(image + " " + i, kho("preflight", "--from", file, "--to", good), file);
        assertAnswered(image + " " + i, kho("abi", "diff", good, file, "--json"), file);
      }
    }
  }

  /** In turn: cut off, with some bits flipped, with a word that is large. */
  private static byte[] damaged(byte[] whole, Random random, int turn) {
    if (turn % 3 == 0) {
      return Arrays.copyOf(whole, (int) ((long) whole.length * turn / COPIES));
    }
    byte[] copy = whole.clone();
    if (turn % 3 == 1) {
      for (int i = 0; i <= random.nextInt(8); i++) {
        copy[random.nextInt(copy.length)] ^= (byte) (1 << random.nextInt(8));
      }
    } else {
      int[] words = {-1, 0x7fffffff, 0x80000000, 0xfffffff0, 0, 1 << 24};
      // Headers are small and matter most.
      int limit = random.nextBoolean() ? Math.min(64, copy.length) : copy.length;
      ByteBuffer.wrap(copy)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt(random.nextInt(limit - 3) & ~3, words[random.nextInt(words.length)]);
    }
    return copy;
  }

  @Test
  void damagedMemoryIsReadOrRefused() throws IOException {
    Path good = Files.write(directory.resolve("good"), resource("small.elf"));
    byte[] vector = unpacked(VECTOR);
    Path file = directory.resolve("memory");
    Random random = new Random(7);
    for (int i = 0; i < COPIES; i++) {
      Files.write(file, damaged(vector, random, i));
      assertAnswered("memory " + i, kho("preflight", "--from", file, "--to", good), file);
    }
  }

  private static byte[] unpacked(Path zst) throws IOException {
    Path core = directory.resolve("core");
    String shell = "zstd -dqf \"$0\" -o \"$1\"";
    Process zstd = new ProcessBuilder("sh", "-c", shell, zst.toString(), core.toString()).start();
    try {
      assumeTrue(zstd.waitFor() == 0, "no zstd");
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    return Files.readAllBytes(core);
  }

  @ParameterizedTest
  @ValueSource(strings = {"empty", "directory", "fifo", "loop", "zero", "missing", "secret"})
  void whatIsNoFileIsRefused(String kind) throws Exception {
    Path file = directory.resolve(kind);
    Path good = Files.write(directory.resolve("good"), resource("small.elf"));
    if (Files.notExists(file, LinkOption.NOFOLLOW_LINKS)) {
      make(kind, file);
    }
    assertRefused(kho("preflight", "--to", file), file);
    assertRefused(kho("preflight", "--from", file), file);
    if (!kind.equals("fifo")) { // As memory, it waits for a writer.
      assertRefused(kho("preflight", "--from", file, "--to", good), file);
    }
    assertRefused(kho("preflight", "--from", good, "--to", file), file);
    assertRefused(kho("preflight", "--from", VECTOR, "--from-kernel", file, "--to", good), file);
    assertRefused(kho("abi", "diff", file, good), file);
    assertRefused(kho("abi", "diff", good, file), file);
  }

  private static void make(String kind, Path file) throws Exception {
    switch (kind) {
      case "empty" -> Files.createFile(file);
      case "directory" -> Files.createDirectory(file);
      case "fifo" ->
          assumeTrue(
              new ProcessBuilder("mkfifo", file.toString()).start().waitFor() == 0, "no mkfifo");
      case "loop" -> Files.createSymbolicLink(file, file);
      case "zero" -> Files.createSymbolicLink(file, Path.of("/dev/zero"));
      case "secret" -> {
        Files.write(file, resource("small.elf"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(file), "root may read everything");
      }
      default -> assertThat(kind).isEqualTo("missing");
    }
  }

  /** A frame of blocks that repeat a zero: 4 bytes for 128 KiB. */
  private static byte[] bomb(long bytes) {
    int blocks = (int) (bytes >> 17);
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.writeBytes(new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0x70});
    for (int i = 1; i <= blocks; i++) {
      int header = (i == blocks ? 1 : 0) | 1 << 1 | 1 << 17 << 3;
      frame.writeBytes(new byte[] {(byte) header, (byte) (header >> 8), (byte) (header >> 16), 0});
    }
    return frame.toByteArray();
  }

  @Test
  void aBombIsStoppedAtTheLimit() throws IOException {
    byte[] bomb = bomb((1L << 30) + (1 << 20));
    Path file = Files.write(directory.resolve("bomb"), bzImage(withLength(bomb, 0)));
    Answer answer = kho("preflight", "--to", file);
    assertRefused(answer, file);
    assertThat(answer.err()).contains("zstd at offset 0x");
  }

  @Test
  void whatUnpacksToMuchOfNothingIsNoKernel() throws IOException {
    Path file =
        Files.write(directory.resolve("zeros"), bzImage(withLength(bomb(1 << 28), 1 << 28)));
    assertRefused(kho("preflight", "--to", file), file);
  }

  /** BTF of some types, in the words that they consist of, and a structure of the contract. */
  private static byte[] btf(int... types) {
    byte[] strings = "\0kho_vmalloc\0x\0".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer btf = little(24 + 4 * types.length + strings.length);
    btf.putInt(0x0001eb9f).putInt(24).putInt(0).putInt(4 * types.length);
    btf.putInt(4 * types.length).putInt(strings.length);
    for (int type : types) {
      btf.putInt(type);
    }
    return array(btf.put(24 + 4 * types.length, strings));
  }

  private static final int STRUCT = 4 << 24;
  private static final int TYPEDEF = 8 << 24;
  private static final int ARRAY = 3 << 24;

  @Test
  void typesThatNeverEndAreRefused() throws IOException {
    refused("a typedef of itself", btf(1, STRUCT | 1, 8, 13, 2, 0, 13, TYPEDEF, 2));
    refused("a structure within itself", btf(1, STRUCT | 1, 8, 0, 1, 0));
    refused("an array of itself", btf(1, STRUCT | 1, 8, 13, 2, 0, 0, ARRAY, 0, 2, 2, -1));
    refused("a name behind the strings", btf(1, STRUCT | 1, 8, 0x7fffffff, 2, 0, 13, TYPEDEF, 0));
    refused("a type that is not there", btf(1, STRUCT | 1, 8, 13, 0x7ffffff, 0));
    refused("more members than there are", btf(1, STRUCT | 0xffffff, 8, 13, 1, 0));
  }

  /** Structures without a name in one another: each doubles what the one around it has. */
  @Test
  void typesThatGrowWithoutEndAreRefused() throws IOException {
    List<Integer> words = new ArrayList<>(List.of(1, STRUCT | 2, 8, 0, 2, 0, 0, 2, 0));
    for (int type = 2; type < 60; type++) {
      words.addAll(List.of(0, STRUCT | 2, 8, 0, type + 1, 0, 0, type + 1, 0));
    }
    words.addAll(List.of(0, 1 << 24, 4, 32));
    refused("2^58 members", btf(words.stream().mapToInt(Integer::intValue).toArray()));
  }

  @Test
  void asMuchBtfAsIsReadFitsIntoTheHeapTwice() throws IOException {
    int types = 12 * (Btf.MAX_BYTES / 12 - 4);
    Path file = directory.resolve("large.btf");
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      out.write(
          array(
              little(24)
                  .putInt(0x0001eb9f)
                  .putInt(24)
                  .putInt(0)
                  .putInt(types)
                  .putInt(types)
                  .putInt(1)));
      byte[] typedef = array(little(12).putInt(4, TYPEDEF));
      for (int at = 0; at < types; at += typedef.length) {
        out.write(typedef);
      }
      out.write(0);
    }
    Path second = Files.copy(file, directory.resolve("second.btf"));
    Answer answer = kho("preflight", "--from", file, "--to", second);
    assertThat(answer.exit()).as(answer.err()).isEqualTo(1);
    assertThat(answer.out()).contains("unknown");
  }

  private static void refused(String what, byte[] bytes) throws IOException {
    Path file = Files.write(directory.resolve("types"), bytes);
    Answer answer = kho("preflight", "--to", file);
    assertThat(answer.exit()).as(what + answer.out()).isEqualTo(2);
    assertRefused(answer, file);
  }

  @Test
  void profilesThatLieAreRefused() throws IOException {
    String whole = new String(profile(), StandardCharsets.UTF_8);
    List<String> lies =
        List.of(
            "{",
            "{}",
            "{}{}",
            "{\"schema\":\"kho4j/kernel-profile/2\"}",
            whole.replaceFirst("\"pageSize\" : 4096", "\"pageSize\" : 4097"),
            whole.replaceFirst("\"size\" : \\d+", "\"size\" : -1"),
            whole.replaceFirst("\"bit\" : \\d+", "\"bit\" : 99999999999999999999"),
            whole.replaceFirst("\"bit\" : \\d+", "\"bit\" : 1.5"),
            whole.replaceFirst("\"bit\" : \\d+", "\"bit\" : null"),
            whole.replaceFirst("\"x86-64\"", "true"),
            whole.replaceFirst("\"yes\"", "\"perhaps\""),
            whole.replaceFirst("\"parts\" : \\{", "\"parts\" : {\"x\" : 1, "),
            "{\"a\":".repeat(1000),
            "{\"a\":[" + "[],".repeat(80_000) + "[]]}",
            whole + " ".repeat(1 << 18));
    for (String lie : lies) {
      assertThat(lie).isNotEqualTo(whole);
      Path file = Files.writeString(directory.resolve("profile.json"), lie);
      assertRefused(kho("preflight", "--to", file), file);
      assertRefused(kho("abi", "diff", file, file), file);
    }
  }
}
