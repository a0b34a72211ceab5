package org.kho4j.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FleetInputTest {

  @TempDir private Path folder;

  private final Configuration conf = new Configuration(false);

  @BeforeEach
  void addHosts() throws IOException {
    Path rack = Files.createDirectory(folder.resolve("rack a"));
    Files.writeString(rack.resolve("a 1.json"), "{}");
    Files.createSymbolicLink(rack.resolve("good.json"), Path.of("a 1.json"));
    Files.createSymbolicLink(rack.resolve("gone.json"), Path.of("nowhere"));
    Files.createSymbolicLink(rack.resolve("loop.json"), Path.of("loop.json"));
    Files.createSymbolicLink(rack.resolve(".hidden"), Path.of("nowhere"));
  }

  private List<InputFile> list(String input) throws IOException {
    return FleetInput.list(List.of(folder + input), conf);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/rack a", "/*", "/rack*/*.json"})
  void aLinkThatLeadsNowhereIsAFileThatCannotBeRead(String input) throws IOException {
    List<InputFile> files = list(input);

    String rack = "file:" + folder + "/rack a/";
    assertThat(files)
        .extracting(InputFile::path)
        .containsExactly(
            rack + "a 1.json", rack + "gone.json", rack + "good.json", rack + "loop.json");
    assertThat(files)
        .extracting(InputFile::error)
        .containsExactly(
            "",
            rack + "gone.json: is a link that leads nowhere",
            "",
            rack + "loop.json: is a link that leads nowhere");
    assertThat(files.stream().map(file -> InputDigest.of(file, conf).digest().isEmpty()))
        .containsExactly(false, true, false, true);
  }

  @Test
  void aLinkToAFolderAroundItIsNotFollowed() throws IOException {
    Files.createSymbolicLink(folder.resolve("rack a/again"), Path.of(".."));
    Files.createSymbolicLink(folder.resolve("rack b"), Path.of("rack a"));

    assertThat(list(""))
        .extracting(InputFile::path)
        .hasSize(8)
        .noneMatch(path -> path.contains("again"))
        .contains("file:" + folder + "/rack b/a 1.json");
  }

  /** To open it would wait for a writer. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aPipeIsNotOpened() throws IOException, InterruptedException {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();

    assertThat(list("/pipe"))
        .extracting(file -> InputDigest.of(file, conf).error())
        .containsExactly("file:" + pipe + ": is not a regular file");
  }
}
