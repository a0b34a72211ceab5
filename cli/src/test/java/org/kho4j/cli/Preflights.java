package org.kho4j.cli;

import static org.kho4j.cli.ConsoleOfATest.kho;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Runs of {@code kho preflight}. */
final class Preflights {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  static final Path BASE = Path.of(System.getProperty("basedir", "."));
  static final Path SMALL = BASE.resolve("../preflight/src/test/resources/org/kho4j/preflight");
  static final String ALL_ON = "kho=on liveupdate=on";
  static final String TRACE = ALL_ON + " reserve_mem=1M:64K:trace";

  static Path kernel(String name) {
    return BASE.resolve("src/test/resources/org/kho4j/cli/preflight/kernels")
        .resolve(name + ".json");
  }

  static JsonNode json(int exit, Object... args) {
    Stream<Object> line = Stream.concat(Stream.of("preflight", "--json"), Stream.of(args));
    return MAPPER.readTree(kho(exit, line.toArray()).out());
  }

  static JsonNode component(JsonNode report, String name) {
    for (JsonNode component : report.get("components")) {
      if (component.get("name").asString().equals(name)) {
        return component;
      }
    }
    throw new AssertionError("no " + name + " in " + report);
  }

  static Set<String> names(JsonNode object) {
    return new TreeSet<>(object.propertyNames());
  }

  /** One list of arguments behind another. */
  static Object[] and(Object[] first, Object... second) {
    return Stream.concat(Stream.of(first), Stream.of(second)).toArray();
  }

  private Preflights() {}
}
