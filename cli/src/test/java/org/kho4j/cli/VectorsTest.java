package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.RootSearch;
import org.kho4j.memory.MemoryImages;
import org.kho4j.memory.PhysicalMemory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The conformance vectors, which were computed from the contract by a program that shares nothing
 * with this reader.
 */
class VectorsTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Path VECTORS = Path.of("../vectors");

  /** Layouts that cannot be read yet. */
  private static final Set<String> PENDING =
      Set.of(
          "kho-v1@6.16",
          "kho-v1@6.17.9",
          "kho-v1@6.18",
          "kho-v2",
          "kho-v3@7.1-rc",
          "luo-v1@6.19",
          "luo-v1@7.0",
          "luo-v2",
          "luo-v3",
          "luo-v4");

  @TempDir private Path directory;

  static List<Path> sound() {
    return Stream.of("handover").flatMap(VectorsTest::vectors).toList();
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
    assumeThat(vector.layouts()).as("pending").noneMatch(PENDING::contains);

    JsonNode found = vector.run("inspect").at("/handovers/0");

    assertThat(found.get("errors")).isEmpty();
    assertThat(found.get("role").asString()).isEqualTo("outgoing");
    assertThat(found.at("/preservedMap/state").asString()).isEqualTo("intact");
    compare("", found, vector.facts.get("handover"));
    assertThat(vector.preservations()).isEqualTo(vector.facts.get("preservations"));
    for (JsonNode content : vector.facts.path("contents")) {
      assertThat(sha256(extract(vector, content))).isEqualTo(content.get("sha256").asString());
    }
  }

  @ParameterizedTest
  @MethodSource("sound")
  void isSound(Path file) throws IOException {
    Vector vector = Vector.read(file);
    assumeThat(vector.layouts()).as("pending").noneMatch(PENDING::contains);

    assertThat(vector.run("verify").get("findings"))
        .noneMatch(finding -> finding.get("severity").asString().equals("error"));
  }

  private byte[] extract(Vector vector, JsonNode content) throws IOException {
    Path output = directory.resolve("content");
    List<String> arguments =
        List.of(
            "--session",
            content.get("session").asString(),
            "--token",
            content.get("token").asString(),
            "--force",
            "-o",
            output.toString());
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

    List<String> layouts() {
      return facts.get("layouts").valueStream().map(JsonNode::asString).toList();
    }

    JsonNode run(String command, String... more) {
      ConsoleOfATest pipe = ConsoleOfATest.pipe();
      List<String> arguments = new ArrayList<>(List.of(command, image.toString(), "--json"));
      arguments.addAll(List.of("--page-size", facts.get("pageSize").asInt() / 1024 + "K"));
      arguments.addAll(List.of(more));
      int status = new Kho(pipe.console, "").run(arguments.toArray(String[]::new));
      assertThat(status).as(pipe.err()).isLessThan(2);
      return MAPPER.readTree(pipe.out());
    }

    JsonNode preservations() {
      PageSize pageSize = PageSize.ofBytes(facts.get("pageSize").asInt()).orElseThrow();
      List<Block> blocks = new ArrayList<>();
      try (PhysicalMemory memory = MemoryImages.open(image)) {
        var roots = RootSearch.search(memory, bytes -> {}).roots();
        var map = Handovers.of(memory, roots, pageSize).getFirst().preservedMap();
        map.forEachRun((order, address, bytes) -> {
          long size = (long) pageSize.bytes() << order;
          for (long at = address; at < address + bytes; at += size) {
            blocks.add(new Block(at, order));
          }
        });
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      var sorted = blocks.stream().sorted().map(Block::toJson).toList();
      return MAPPER.createArrayNode().addAll(sorted);
    }
  }

  private record Block(long address, int order) implements Comparable<Block> {

    @Override
    public int compareTo(Block other) {
      return Long.compare(address, other.address);
    }

    JsonNode toJson() {
      return MAPPER.createArrayNode().add("0x" + Long.toHexString(address)).add(order);
    }
  }
}
