package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;
import static org.kho4j.cli.Preflights.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON that preflight reads, with one value of it replaced: an answer or a sentence. */
class WrongDocumentsTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final List<String> VALUES =
      List.of("\"\"", "\"zzz\"", "-1", "9223372036854775807", "1e400", "null", "true", "[]", "{}");

  @TempDir private Path directory;

  @Test
  void everyValueOfAnInspectDocument() throws IOException {
    JsonNode document =
        MAPPER.readTree(kho(0, "inspect", Captures.small("jump-luo"), "--json").out());
    assertThat(answers(document)).isGreaterThan(1000);
  }

  @Test
  void everyValueOfAProfile() throws IOException {
    assertThat(answers(MAPPER.readTree(Files.readString(kernel("7.3"))))).isGreaterThan(1000);
  }

  private int answers(JsonNode document) throws IOException {
    List<Runnable> changes = new ArrayList<>();
    JsonNode[] value = new JsonNode[1];
    List<JsonNode> parents = new ArrayList<>();
    collect(document, parents);
    int runs = 0;
    for (JsonNode parent : parents) {
      changes.clear();
      if (parent instanceof ObjectNode object) {
        object
            .propertyNames()
            .forEach(name -> changes.add(() -> value[0] = object.replace(name, value[0])));
      } else if (parent instanceof ArrayNode array) {
        for (int i = 0; i < Math.min(1, array.size()); i++) {
          int at = i;
          changes.add(() -> {
            JsonNode before = array.get(at);
            array.set(at, value[0]);
            value[0] = before;
          });
        }
      }
      for (Runnable change : changes) {
        for (String replacement : VALUES) {
          value[0] = MAPPER.readTree(replacement);
          change.run();
          run(document);
          change.run();
          runs++;
        }
      }
    }
    return runs;
  }

  private void run(JsonNode document) throws IOException {
    Path file = directory.resolve("document.json");
    Files.writeString(file, MAPPER.writeValueAsString(document));
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    int exit =
        new Kho(pipe.console, "")
            .run("preflight", "--from", file.toString(), "--to", kernel("7.3").toString());
    assertThat(exit).as("%s%n%s", pipe.err(), document).isBetween(0, 2);
    assertThat(pipe.err()).as("%s", document).doesNotContain("internal error", "Exception");
  }

  private static void collect(JsonNode node, List<JsonNode> parents) {
    if (node.isContainer()) {
      parents.add(node);
      node.forEach(child -> collect(child, parents));
    }
  }
}
