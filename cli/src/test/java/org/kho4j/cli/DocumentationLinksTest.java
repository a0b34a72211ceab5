package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentationLinksTest {

  private static final Path PROJECT = Path.of(System.getProperty("basedir", "."), "..");

  private final DocumentationLinks links = new DocumentationLinks();

  @Test
  void everyRelativeLinkOfTheProjectLeadsSomewhere() throws IOException {
    List<String> dead = new ArrayList<>();
    for (Path page : pages()) {
      dead.addAll(links.dead(page));
    }
    assertThat(dead).isEmpty();
  }

  @Test
  void namesDeadFilesAndHeadings(@TempDir Path directory) throws IOException {
    Path page = directory.resolve("a.md");
    Files.writeString(
        page,
        """
        # One `two`, three

        [here](#one-two-three), [again](b.md#twice-1), [code](#gone) `[no](link.md)`

        | ![image](image.png) | <img src="./other.png"> |
        """);
    Files.writeString(directory.resolve("b.md"), "# Twice\n\n## Twice\n");

    assertThat(links.dead(page))
        .containsExactly(
            page + ": #gone: no such heading",
            page + ": image.png: no such file",
            page + ": ./other.png: no such file");
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (String name : List.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md")) {
      pages.add(PROJECT.resolve(name));
    }
    for (String name : List.of("docs", "examples", "vectors", "fuzz", "lab")) {
      try (Stream<Path> files = Files.walk(PROJECT.resolve(name))) {
        files
            .filter(
                file -> file.toString().endsWith(".md") && !file.toString().contains("/target/"))
            .forEach(pages::add);
      }
    }
    assertThat(pages).hasSizeGreaterThan(150);
    return pages;
  }
}
