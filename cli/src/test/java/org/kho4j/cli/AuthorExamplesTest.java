package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.command.Numbers;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every spec in examples/author, written and read again: the facts are those of the spec. */
class AuthorExamplesTest {

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS)
          .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
          .build();

  @TempDir private Path directory;

  static List<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("../examples/author"))) {
      return files.filter(file -> file.toString().endsWith(".jsonc")).sorted().toList();
    }
  }

  /** One example has a file and an FLB that no release knows. */
  private static List<String> expectedWarnings(Path example) {
    return example.endsWith("luo-7.1.jsonc") ? List.of("LUO-010", "FLB-008") : List.of();
  }

  private static List<String> warnings(Path ram, String base) throws IOException {
    ConsoleOfATest console = ConsoleOfATest.pipe();
    new Kho(console.console, "")
        .run("verify", ram.toString(), "--json", "--base", base, "--severity", "warning");
    return JSON.readTree(console.out())
        .get("findings")
        .valueStream()
        .map(finding -> finding.get("id").asString())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("examples")
  void isReadWithTheFactsOfItsSpec(Path example) throws IOException {
    JsonNode spec = JSON.readTree(Files.readString(example));
    Path ram = directory.resolve("ram");
    JsonNode authored = run("author", example.toString(), "-o", ram.toString(), "--json");
    String base = spec.at("/memory/address").asString();
    JsonNode read = run("inspect", ram.toString(), "--json", "--base", base);

    assertThat(read.get("handovers")).hasSize(1);
    JsonNode handover = read.get("handovers").get(0);
    assertThat(handover.get("errors")).isEmpty();
    assertThat(handover.get("role").asString()).isEqualTo("outgoing");
    assertThat(handover.at("/preservedMap/state").asString()).isEqualTo("intact");
    assertThat(handover.get("compatible").asString())
        .isEqualTo(spec.path("abi").asString("kho-v4"))
        .isEqualTo(authored.get("compatible").asString());
    assertThat(read.at("/source/pageSize")).isEqualTo(authored.get("pageSize"));
    assertThat(handover.get("fdt")).isEqualTo(authored.get("fdt"));
    assertThat(authored.at("/structures/~1")).isEqualTo(authored.get("fdt"));
    assertThat(placesOf(handover)).isEqualTo(placesOf(authored));
    assertThat(warnings(ram, base)).isEqualTo(expectedWarnings(example));
    spec.path("place")
        .properties()
        .forEach(place ->
            assertThat(authored.get("structures").get(place.getKey())).isEqualTo(place.getValue()));

    JsonNode metadata = subtree(handover, "kexec-metadata").get("metadata");
    assertThat(metadata.get("previousRelease").asString())
        .isEqualTo(spec.at("/metadata/previousRelease").asString("kho4j"));
    assertThat(metadata.get("kexecCount").asInt())
        .isEqualTo(spec.at("/metadata/kexecCount").asInt(1));
    for (JsonNode subtree : spec.path("subtrees")) {
      compare(subtree, handover);
    }
  }

  private static void compare(JsonNode spec, JsonNode handover) {
    if (spec.has("khoTest")) {
      JsonNode test = subtree(handover, "kho_test").get("khoTest");
      int folios = 0;
      for (JsonNode some : spec.at("/khoTest/folios")) {
        folios += some.path("count").asInt(1);
      }
      assertThat(test.get("folios").asInt()).isEqualTo(folios);
      JsonNode list = spec.at("/khoTest/list");
      if (list.has("pages")) {
        assertThat(test.at("/foliosInfo/totalPages")).isEqualTo(list.get("pages"));
        int entries = list.get("pages").asInt() >> list.path("order").asInt(0);
        assertThat(test.at("/foliosInfo/chunks").asInt()).isEqualTo(entries / 511 + 1);
      }
      assertThat(test.at("/foliosInfo/order").asInt()).isEqualTo(list.path("order").asInt(0));
      assertThat(test.get("checksum").asString()).isEqualTo("match");
    } else if (spec.has("reserveMem")) {
      JsonNode list = subtree(handover, "memblock").get("reserveMem");
      assertThat(list).hasSize(spec.get("reserveMem").size());
      for (JsonNode reservation : spec.get("reserveMem")) {
        JsonNode found =
            stream(list)
                .filter(other -> other.get("name").equals(reservation.get("name")))
                .findFirst()
                .orElseThrow();
        assertThat(found.get("size").asLong() >> 20)
            .isEqualTo(Long.parseLong(reservation.get("size").asString().replace("M", "")));
        if (reservation.has("address")) {
          assertThat(found.get("start")).isEqualTo(reservation.get("address"));
        }
      }
    } else if (spec.has("luo")) {
      JsonNode luo = subtree(handover, "LUO").get("luo");
      JsonNode sessions = spec.at("/luo/sessions");
      assertThat(luo.get("liveupdateNumber").asInt())
          .isEqualTo(spec.at("/luo/liveupdateNumber").asInt(1));
      assertThat(luo.get("sessions")).hasSameSizeAs(sessions);
      for (int i = 0; i < sessions.size(); i++) {
        compareSession(sessions.get(i), luo.get("sessions").get(i));
      }
      assertThat(luo.get("flbs").size()).isEqualTo(spec.at("/luo/flbs").size());
    } else {
      JsonNode blob = subtree(handover, spec.get("name").asString());
      if (spec.has("vmalloc")) {
        assertThat(blob.get("size").asInt()).isEqualTo(16);
      }
    }
  }

  private static void compareSession(JsonNode spec, JsonNode session) {
    assertThat(session.get("name")).isEqualTo(spec.get("name"));
    assertThat(session.get("files").size()).isEqualTo(spec.path("files").size());
    for (int i = 0; i < spec.path("files").size(); i++) {
      JsonNode wanted = spec.get("files").get(i);
      JsonNode file = session.get("files").get(i);
      assertThat(file.get("token").asLong()).isEqualTo(Long.decode(wanted.get("token").asString()));
      if (wanted.has("handler")) {
        assertThat(file.get("compatible")).isEqualTo(wanted.get("handler"));
        continue;
      }
      JsonNode memfd = wanted.get("memfd");
      long size =
          memfd.has("size")
              ? Numbers.parse(memfd.get("size").asString())
              : memfd.get("text").asString().length();
      assertThat(file.at("/memfd/size").asLong()).isEqualTo(size);
      assertThat(file.at("/memfd/position").asInt()).isEqualTo(memfd.path("position").asInt(0));
      assertThat(Integer.bitCount(file.at("/memfd/seals").asInt()))
          .isEqualTo(memfd.path("seals").size());
    }
  }

  private static JsonNode subtree(JsonNode handover, String name) {
    return stream(handover.get("subtrees"))
        .filter(subtree -> subtree.get("name").asString().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static List<String> placesOf(JsonNode document) {
    return stream(document.get("subtrees"))
        .map(subtree -> subtree.get("name") + " " + subtree.get("data") + " " + subtree.get("size"))
        .toList();
  }

  private static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  private static JsonNode run(String... args) {
    ConsoleOfATest console = ConsoleOfATest.pipe();
    assertThat(new Kho(console.console, "").run(args)).as(console.err()).isZero();
    return JSON.readTree(console.out());
  }
}
