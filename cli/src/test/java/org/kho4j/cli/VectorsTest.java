package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The conformance vectors, which were computed from the contract by a program that shares nothing
 * with this reader.
 */
class VectorsTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Path VECTORS = Path.of("../vectors");

  /** Preserved memory is in the image, and has an owner. */
  private static final Set<String> ABSENT = Set.of("MAP-008", "OWN-004");

  @TempDir private Path directory;

  static List<Path> sound() {
    return Stream.of("handover", "structure").flatMap(VectorsTest::vectors).toList();
  }

  static List<Path> invalid() {
    return vectors("invalid").toList();
  }

  private static Stream<Path> vectors(String kind) {
    try (Stream<Path> files = Files.list(VECTORS.resolve(kind))) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("sound")
  void isReadWithItsFacts(Path file) throws IOException {
    Vector vector = Vector.read(file);

    JsonNode found = vector.run("inspect").at("/handovers/0");

    assertThat(found.get("errors")).isEmpty();
    assertThat(found.get("role").asString()).isEqualTo("outgoing");
    assertThat(found.at("/preservedMap/state").asString()).isEqualTo("intact");
    compare("", found, vector.facts.get("handover"));
    if (vector.facts.has("bitmaps")) {
      String certainty = vector.facts.at("/bitmaps/certainty").asString();
      // Beyond the contract's rules this reader also weighs what the bits would preserve.
      assertThat(found.at("/preservedMap/formEvidence/certainty").asString())
          .isIn(certainty.equals("unsure") ? List.of("unsure", "likely") : List.of(certainty));
    }
    assertThat(vector.preservations()).isEqualTo(vector.facts.get("preservations"));
    for (JsonNode content : vector.facts.path("contents")) {
      assertThat(sha256(extract(vector, content))).isEqualTo(content.get("sha256").asString());
    }
  }

  @ParameterizedTest
  @MethodSource("sound")
  void isSound(Path file) throws IOException {
    Vector vector = Vector.read(file);

    Set<String> expected = new TreeSet<>(vector.facts.path("warnings").propertyNames());
    Set<String> found = new TreeSet<>();
    for (JsonNode finding : vector.run("verify", "--severity", "warning").get("findings")) {
      found.add(finding.get("id").asString());
    }
    if (vector.facts.has("absent")) {
      found.removeAll(ABSENT);
    }
    assertThat(found).isEqualTo(expected);
  }

  static List<Path> handovers() {
    return vectors("handover").toList();
  }

  @ParameterizedTest
  @MethodSource("handovers")
  void showsItsPageSize(Path file) throws IOException {
    Vector vector = Vector.read(file);

    JsonNode found = run("inspect", vector.image.toString(), "--json");

    assertThat(found.at("/source/pageSize")).isEqualTo(vector.facts.get("pageSize"));
    assertThat(found.at("/handovers/0/pageSizeEvidence/certainty").asString("only"))
        .isIn("certain", "only");
    assertThat(found.at("/handovers/0/errors")).isEmpty();
  }

  private static JsonNode run(String... line) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    int status = new Kho(pipe.console, "").run(line);
    assertThat(status).as(pipe.err()).isLessThan(2);
    return MAPPER.readTree(pipe.out());
  }

  @ParameterizedTest
  @MethodSource("invalid")
  void isComplainedOf(Path file) throws IOException {
    Vector vector = Vector.read(file);
    JsonNode complaint = vector.facts.at("/complaints/0");

    assertThat(vector.run("verify").get("findings").valueStream().map(JsonNode::toString))
        .anyMatch(finding -> finding.contains(complaint.get("rule").asString()));
  }

  @Test
  void anImpossibleBlockHasNoOwner() {
    JsonNode checked =
        run("verify", "../vectors/invalid/invalid-map-key-zero.elf.zst", "--json").get("checked");

    assertThat(checked.has("unclaimedBytes")).isFalse();
    assertThat(checked.get("notChecked").toString())
        .contains("the owners of preserved blocks that cannot be in memory");
  }

  private byte[] extract(Vector vector, JsonNode content) throws IOException {
    Path output = directory.resolve("content");
    List<String> arguments = new ArrayList<>(List.of("--force", "-o", output.toString()));
    for (String option : List.of("session", "token", "subtree", "vmalloc")) {
      if (content.has(option)) {
        arguments.addAll(List.of("--" + option, content.get(option).asString()));
      }
    }
    vector.run("extract", arguments.toArray(String[]::new));
    return Files.readAllBytes(output);
  }

  /** Every fact is found. What is found beside it is not compared. */
  private static void compare(String path, JsonNode found, JsonNode fact) {
    if (fact.isObject()) {
      fact.properties()
          .forEach(field ->
              compare(path + "/" + field.getKey(), found.path(field.getKey()), field.getValue()));
    } else if (fact.isArray()) {
      assertThat(found).as(path).hasSameSizeAs(fact);
      for (int i = 0; i < fact.size(); i++) {
        compare(path + "/" + i, found.get(i), fact.get(i));
      }
    } else {
      assertThat(found).as(path).isEqualTo(fact);
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** A vector's image, and its facts. */
  private record Vector(JsonNode facts, Path image) {

    static Vector read(Path file) throws IOException {
      JsonNode facts = MAPPER.readTree(Files.readString(file));
      return new Vector(facts, file.resolveSibling(facts.get("image").asString()));
    }

    JsonNode run(String command, String... more) {
      List<String> arguments = new ArrayList<>(List.of(command, image.toString(), "--json"));
      arguments.addAll(List.of("--page-size", facts.get("pageSize").asInt() / 1024 + "K"));
      arguments.addAll(List.of(more));
      return VectorsTest.run(arguments.toArray(String[]::new));
    }

    /** Runs of adjacent blocks: address, order, how many. */
    JsonNode preservations() {
      PageSize pageSize = PageSize.ofBytes(facts.get("pageSize").asInt()).orElseThrow();
      List<Run> runs = new ArrayList<>();
      try (PhysicalMemory memory = MemoryImages.open(image)) {
        var roots = RootSearch.search(memory, bytes -> {}).roots();
        var map = Handovers.of(memory, roots, pageSize).getFirst().preservedMap();
        map.forEachRun((order, address, bytes) ->
            runs.add(new Run(address, order, bytes / ((long) pageSize.bytes() << order))));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      var sorted = runs.stream().sorted().map(Run::toJson).toList();
      return MAPPER.createArrayNode().addAll(sorted);
    }
  }

  private record Run(long address, int order, long count) implements Comparable<Run> {

    @Override
    public int compareTo(Run other) {
      return Comparator.comparingLong(Run::address)
          .thenComparingInt(Run::order)
          .compare(this, other);
    }

    JsonNode toJson() {
      return MAPPER
          .createArrayNode()
          .add("0x" + Long.toHexString(address))
          .add(order)
          .add(Math.toIntExact(count));
    }
  }
}
