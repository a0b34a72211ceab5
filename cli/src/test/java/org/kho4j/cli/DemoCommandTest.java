package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code kho demo}, with two JVMs of its own and a small area. */
class DemoCommandTest {

  @TempDir private Path directory;

  private final ConsoleOfATest console = ConsoleOfATest.pipe();

  private int demo(String... options) {
    String[] command =
        Stream.concat(Stream.of("demo", "--dir", directory.toString()), Stream.of(options))
            .toArray(String[]::new);
    return new Kho(console.console, "").run(command);
  }

  @ParameterizedTest
  @CsvSource({"4M,0", "8M,4", "6M,9"})
  void everyByteComesThroughAndNothingIsLeftBehind(String size, String order) throws Exception {
    assertThat(demo("--size", size, "--order", order)).as(console.err()).isZero();

    assertThat(console.out())
        .containsSubsequence(
            "first JVM", "preserve", "hand over", "second JVM", "boot", "restore", "verify")
        .contains("every byte is unchanged", "0 B left over without a claim", "byte for byte");
    assertThat(console.err()).isEmpty();
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"0", "12345", "4194303"})
  void aByteThatChangesInBetweenIsFound(String offset) {
    assertThat(demo("--size", "4M", "--order", "0", "--flip", offset)).isEqualTo(1);

    assertThat(console.out())
        .contains("byte " + offset + " of the area changed, at 0x")
        .containsPattern("DIFFERENT at byte " + offset + ", physical address 0x[0-9a-f]+")
        .contains("did not arrive unchanged");
  }

  @Test
  void tellsMachinesTheSame() throws Exception {
    assertThat(demo("--size", "1M", "--json", "--flip", "0x10")).isEqualTo(1);

    JsonNode json = JsonMapper.shared().readTree(console.out());
    assertThat(json.get("schema").asString()).isEqualTo("kho4j/demo/1");
    assertThat(json.get("result").asString()).isEqualTo("different");
    assertThat(json.get("processes").findValuesAsString("generation"))
        .containsExactly("first", "second");
  }

  @ParameterizedTest
  @CsvSource({
    "--size,0,'--size: 1 byte to 1 TiB are possible'",
    "--order,11,'--order: 0 to 10 are possible'",
    "--flip,1G,'--flip: the area ends before byte 1073741824'"
  })
  void refusesWhatCannotBe(String option, String value, String sentence) {
    assertThat(demo(option, value)).isEqualTo(2);

    assertThat(console.err()).contains("kho: " + sentence, "'kho demo --help' shows");
  }

  @Test
  void saysWhenThereIsNoRoom() {
    assertThat(demo("--size", "1T")).isEqualTo(2);

    assertThat(console.err()).contains("has room for", "choose another --dir or a smaller --size");
  }
}
