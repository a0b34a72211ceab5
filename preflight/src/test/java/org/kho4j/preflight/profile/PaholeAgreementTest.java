package org.kho4j.preflight.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.preflight.Resources;
import org.kho4j.preflight.image.KernelImages;
import org.kho4j.preflight.image.RawBtf;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.KernelType.Member;
import org.kho4j.preflight.part.Part;

/**
 * Every structure of the contract, every member of it: offset, size, bits, size of elements, as
 * pahole sees them in BTF alone. Of the test's kernel always, of those under {@code
 * -Dkho.kernels=DIR} with it.
 */
class PaholeAgreementTest {

  private static final Pattern MEMBER =
      Pattern.compile(
          "\\s+(.*?)(?::(\\d+))?;\\s*/\\*\\s*(\\d+)(?::\\s*(\\d+))?\\s+(\\d+) \\*/\\s*");
  private static final Pattern NAME =
      Pattern.compile("(?:.*[ *(])?(\\w+)(?:\\[\\d*\\])*(?:\\)\\(.*)?");
  private static final Pattern DIMENSION = Pattern.compile("\\[(\\d+)\\]");
  private static final Pattern HEAD = Pattern.compile("(?:struct|union) (\\w+) \\{");
  private static final Pattern SIZE = Pattern.compile("\\s*/\\* size: (\\d+),.*");

  @TempDir Path directory;

  @BeforeEach
  void paholeIsHere() throws Exception {
    assumeTrue(run(directory.resolve("version"), "pahole", "--version") == 0, "no pahole");
  }

  private static int run(Path out, String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
          .redirectOutput(out.toFile())
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return -1;
    }
  }

  /** What pahole prints of those structures, read without any of the project's code. */
  private Map<String, KernelType> pahole(byte[] btf, Set<String> names) throws Exception {
    Path file = Files.write(directory.resolve("btf"), btf);
    Path out = directory.resolve("out");
    // All of them: with names it stops at the first that is not there.
    assertThat(run(out, "pahole", "-F", "btf", file.toString())).isZero();
    Map<String, KernelType> types = new LinkedHashMap<>();
    String name = "";
    long size = 0;
    Deque<List<Member>> levels = new ArrayDeque<>();
    for (String line : Files.readAllLines(out, StandardCharsets.UTF_8)) {
      Matcher head = HEAD.matcher(line);
      Matcher member = MEMBER.matcher(line);
      Matcher whole = SIZE.matcher(line);
      if (head.matches()) {
        // Of a name that source files use for different ones, the first counts.
        name = types.containsKey(head.group(1)) ? "" : head.group(1);
        levels.clear();
        levels.push(new ArrayList<>());
      } else if (!names.contains(name)) {
        levels.clear();
      } else if (line.endsWith("{")) {
        levels.push(new ArrayList<>());
      } else if (member.matches()) {
        boolean closes = member.group(1).startsWith("}");
        List<Member> inner = closes ? levels.pop() : List.of();
        if (member.group(1).equals("}")) {
          levels.element().addAll(inner);
        } else {
          levels.element().add(member(member));
        }
      } else if (whole.matches()) {
        size = Long.parseLong(whole.group(1));
      } else if (line.startsWith("}")) {
        types.put(name, new KernelType(name, size, levels.pop()));
      }
    }
    return types;
  }

  private static Member member(Matcher member) {
    Matcher name = NAME.matcher(member.group(1));
    assertThat(name.matches()).as(member.group(1)).isTrue();
    boolean bitField = member.group(2) != null;
    long bit = 8 * Long.parseLong(member.group(3));
    long bits = bitField ? Long.parseLong(member.group(2)) : 8 * Long.parseLong(member.group(5));
    long elements =
        DIMENSION
            .matcher(member.group(1))
            .results()
            .mapToLong(dimension -> Long.parseLong(dimension.group(1)))
            .reduce(1, (one, other) -> one * other);
    return new Member(
        name.group(1),
        bitField ? bit + Long.parseLong(member.group(4)) : bit,
        bits,
        elements == 0 ? 0 : bits / elements,
        "",
        List.of());
  }

  /** Returns a structure as far as a line of pahole's tells it. */
  private static KernelType places(KernelType type) {
    return new KernelType(
        type.name(),
        type.size(),
        type.members().stream()
            .map(member ->
                new Member(
                    member.name(),
                    member.bitOffset(),
                    member.bitSize(),
                    member.elementBits(),
                    "",
                    List.of()))
            .toList());
  }

  private int assertAgrees(Profile kernel, byte[] btf) throws Exception {
    Map<String, KernelType> ours = kernel.types().orElseThrow();
    Map<String, KernelType> theirs = pahole(btf, new TreeSet<>(Part.allTypes()));
    assertThat(new TreeSet<>(theirs.keySet()))
        .as(kernel.source())
        .isEqualTo(new TreeSet<>(ours.keySet()));
    theirs.forEach(
        (name, type) -> assertThat(places(ours.get(name))).as(kernel.source()).isEqualTo(type));
    return theirs.size();
  }

  @Test
  void agreesOnTheTestKernel() throws Exception {
    Path file = Files.write(directory.resolve("vmlinux"), Resources.bytes("small.elf"));
    Profile kernel = ProfileReader.read(KernelImages.read(file));
    assertThat(assertAgrees(kernel, Resources.bytes("small.btf"))).isGreaterThan(8);
  }

  @Test
  void agreesOnBtfAlone() throws Exception {
    Path file = Files.write(directory.resolve("types"), Resources.bytes("small.btf"));
    Profile kernel = ProfileReader.read(KernelImages.read(file));
    assertThat(assertAgrees(kernel, Resources.bytes("small.btf"))).isGreaterThan(8);
  }

  @Test
  void agreesOnKernelsHere() throws Exception {
    List<Path> kernels = RawBtf.kernels();
    assumeTrue(!kernels.isEmpty(), "no -Dkho.kernels");
    for (Path path : kernels) {
      Optional<byte[]> btf = RawBtf.of(path);
      Profile kernel = ProfileReader.read(KernelImages.read(path));
      assertThat(kernel.types().isPresent()).as("%s", path).isEqualTo(btf.isPresent());
      int structures = btf.isPresent() ? assertAgrees(kernel, btf.get()) : 0;
      System.out.printf(
          "%s: %d structures of the contract, %d bytes of BTF%n",
          path, structures, btf.map(bytes -> bytes.length).orElse(0));
    }
  }
}
