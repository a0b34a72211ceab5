package org.kho4j.cli.abi.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.Field;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;

class ReferencePagesTest {

  private static final Path DIRECTORY =
      Path.of(System.getProperty("basedir", "."), "..", "docs", "abi").normalize();
  private static final String REGENERATE = "./kho abi pages -o docs/abi";

  @Test
  void committedPagesAreWhatTheTablesSay() throws IOException {
    Map<String, String> pages = ReferencePages.all();
    for (Map.Entry<String, String> page : pages.entrySet()) {
      Path file = DIRECTORY.resolve(page.getKey());
      assertThat(file).as("%s is missing. Write it with %s", file, REGENERATE).isRegularFile();
      assertThat(Files.readString(file))
          .as("%s is not what the tables say any more. Write it again with %s", file, REGENERATE)
          .isEqualTo(page.getValue());
    }
    try (Stream<Path> files = Files.list(DIRECTORY)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .as("files under %s that nothing generates", DIRECTORY)
          .containsExactlyInAnyOrderElementsOf(pages.keySet());
    }
  }

  @Test
  void generatesTheSameTwice() {
    assertThat(ReferencePages.all()).isEqualTo(ReferencePages.all());
  }

  @Test
  void everyStructureOfAReleasedVersionIsOnAPage() {
    String prose = prose();
    for (ContractVersion version : Contract.VERSIONS) {
      if (!version.releases().released()) {
        continue;
      }
      for (Structure structure : version.structures()) {
        assertThat(prose)
            .as("%s of %s", structure.name(), version)
            .contains(Diagram.of(structure, PageSize.SIZE_4K));
        for (Field field : structure.fields()) {
          assertThat(prose)
              .contains(
                  field.meaning().replace("*", "\\*").replace("<", "&lt;").replace(">", "&gt;"));
        }
      }
      for (FdtLayout tree : version.trees()) {
        for (FdtLayout.Property property : tree.properties()) {
          assertThat(prose)
              .contains("| `" + property.node() + "` | `" + property.field().name() + "` |");
        }
      }
    }
  }

  @Test
  void linksLeadToPagesAndHeadings() {
    Map<String, String> pages = ReferencePages.all();
    Pattern link = Pattern.compile("]\\(([a-z-]*(?:README)?\\.(?:md|json))?(?:#([^)]+))?\\)");
    pages.forEach((name, text) -> {
      if (name.endsWith(".md")) {
        link.matcher(text).results().forEach(match -> follow(pages, name, match));
      }
    });
  }

  private static void follow(Map<String, String> pages, String from, MatchResult link) {
    String to = link.group(1) == null ? from : link.group(1);
    assertThat(pages).as("%s links to %s", from, link.group()).containsKey(to);
    if (link.group(2) != null) {
      assertThat(
              pages
                  .getOrDefault(to, "")
                  .lines()
                  .filter(line -> line.startsWith("#"))
                  .map(ReferencePagesTest::anchor))
          .as("%s links to %s", from, link.group())
          .contains(link.group(2));
    }
  }

  private static String anchor(String heading) {
    return heading
        .replaceFirst("^#+ ", "")
        .toLowerCase(java.util.Locale.ROOT)
        .replaceAll("[^a-z0-9_ -]", "")
        .replace(' ', '-');
  }

  /** The uses of the macro in the sources of 6.16 to 7.3. */
  @Test
  void thePointersOfTheMacroAreThoseOfTheSource() {
    assertThat(prose().lines().filter(line -> line.contains("| `DECLARE_KHOSER_PTR` |")))
        .extracting(line -> line.substring(0, line.indexOf(" | `DECLARE")))
        .containsExactly(
            "| `khoser_mem_chunk` | `next` | `khoser_mem_chunk`",
            "| `khoser_mem_bitmap_ptr` | `bitmap` | `kho_mem_phys_bits`",
            "| `kho_vmalloc` | `first` | `kho_vmalloc_chunk`",
            "| `kho_vmalloc_chunk` | `next` | `kho_vmalloc_chunk`");
  }

  @Test
  void eachItemOfANumberedListBeginsALine() {
    assertThat(Pattern.compile("[.)] [2-9]\\.(?: [A-Z*]|\n)").matcher(prose()).results())
        .extracting(MatchResult::group)
        .isEmpty();
  }

  @Test
  void noPlaceholderIsLeft() {
    assertThat(prose()).doesNotContain("{{").doesNotContain("}}");
  }

  @Test
  void computesTheKnownVectors() {
    assertThat(prose())
        .contains("45 23 01 00 00 00 30 00 07 00 00 00 00 00 00 00")
        .contains("00 90 54 00 00 00 00 00 58 02 00 00 01 00 00 00")
        .contains("| 4K | `0x123456000` | 0 | `0x10000000123456` | 2 0 0 0 36 | 13398 |");
  }

  private static String prose() {
    StringBuilder out = new StringBuilder();
    ReferencePages.all()
        .forEach((name, text) -> out.append(name.endsWith(".md") ? text : "").append('\n'));
    return out.toString();
  }
}
