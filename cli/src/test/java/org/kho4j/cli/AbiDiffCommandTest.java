package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Profiles here are those of real kernels, which the lab built to differ. */
class AbiDiffCommandTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Path BASE = Path.of(System.getProperty("basedir", "."));

  @TempDir private Path directory;

  private static Path kernel(String name) {
    return BASE.resolve("src/test/resources/org/kho4j/cli/preflight/kernels")
        .resolve(name + ".json");
  }

  private static ConsoleOfATest diff(int exit, Object... args) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    String[] line =
        Stream.concat(Stream.of("abi", "diff"), Stream.of(args))
            .map(Object::toString)
            .toArray(String[]::new);
    assertThat(new Kho(pipe.console, "").run(line)).as(pipe.out() + pipe.err()).isEqualTo(exit);
    return pipe;
  }

  /** The profiles of the lab's kernels are of an older kho, and have notes about that. */
  private static String withoutNotes(ConsoleOfATest diff) {
    return diff.out().replaceAll("(?m)^note: .*\n", "");
  }

  @ParameterizedTest
  @CsvSource({
    "7.3, 0, No compared layout changed; the notes name what was not compared.",
    "vmalloc-renamed, 0, No compared layout changed; the notes name what was not compared.",
    "luo-off, 0, 'No common layout changed; only one kernel has luo, memfd, flb.'",
    "kho-off, 1, 'Nothing was compared: no KHO in KERNELS/kho-off.json.'",
    "vmalloc-swapped, 1, 'The layout changed, and the version was not bumped.'",
    "blob-property, 1, 'The layout changed, and the version was not bumped.'",
    "session-grown, 1, 'The layout changed, and the version was not bumped.'",
    "vmalloc-swapped-kho-v5, 0, 'The layout changed, and the version was bumped.'",
    "session-grown-luo-v6, 0, 'The layout changed, and the version was bumped.'",
  })
  void failsOnlyWhereNoVersionTells(String to, int exit, String sentence) {
    assertThat(diff(exit, kernel("7.3"), kernel(to)).out().lines().toList().getLast())
        .isEqualTo(sentence.replace("KERNELS", kernel("7.3").getParent().toString()));
  }

  @Test
  void twoKernelsWithoutKhoAreNoComparison() {
    ConsoleOfATest both = diff(1, kernel("kho-off"), kernel("kho-off"));
    assertThat(both.out())
        .isEqualTo("Nothing was compared: no KHO in " + kernel("kho-off") + ".\n");
    assertThat(
            MAPPER
                .readTree(diff(1, kernel("kho-off"), kernel("7.3"), "--json").out())
                .get("compared")
                .asBoolean())
        .isFalse();
  }

  @Test
  void layoutsOfOtherPageSizesAreNotCompared() {
    assertThat(diff(2, kernel("arm64-4k"), kernel("arm64-64k")).err())
        .contains("has pages of 4K", "layouts differ with the page size");
  }

  @Test
  void anotherArchitectureIsSaidFirst() {
    assertThat(diff(0, kernel("7.3"), kernel("arm64-4k")).out())
        .startsWith("note: " + kernel("7.3") + " is for x86-64, but " + kernel("arm64-4k"));
  }

  @Test
  void anUnknownVersionIsNotSaidToBeNone() throws Exception {
    Path silent = directory.resolve("silent.json");
    ObjectNode profile = (ObjectNode) MAPPER.readTree(kernel("vmalloc-swapped"));
    ObjectNode kho = (ObjectNode) profile.at("/parts/kho");
    kho.put("state", "unknown").putArray("versions");
    Files.writeString(silent, profile.toString());
    assertThat(diff(1, kernel("7.3"), silent).out())
        .contains("kho: kho-v4 became an unknown version\n")
        .endsWith("The layout changed, and it is unknown whether the version was bumped.\n");
    ObjectNode same = (ObjectNode) MAPPER.readTree(kernel("7.3"));
    ((ObjectNode) same.at("/parts/kho")).put("state", "unknown").putArray("versions");
    Files.writeString(silent, same.toString());
    assertThat(diff(0, kernel("7.3"), silent).out())
        .contains("note: the version of kho in %s is unknown\n".formatted(silent))
        .endsWith("\nNo compared layout changed; the notes name what was not compared.\n");
  }

  @Test
  void aPartOfAnUnknownVersionIsNotSaidToBeInNeitherKernel() throws Exception {
    Path before = directory.resolve("before.json");
    ObjectNode profile = (ObjectNode) MAPPER.readTree(kernel("7.3"));
    ObjectNode metadata = (ObjectNode) profile.at("/parts/kexec-metadata");
    metadata.putArray("versions");
    Files.writeString(before, profile.toString());
    metadata.put("state", "no");
    Path after = directory.resolve("after.json");
    Files.writeString(after, profile.toString());
    assertThat(withoutNotes(diff(0, before, after)))
        .isEqualTo(
            """
            kexec-metadata: of an unknown version
              one of the kernels does not have it
            No common layout changed; only one kernel has kexec-metadata.
            """);
  }

  /** A structure or constant that was renamed may also have another layout. */
  @ParameterizedTest
  @CsvSource({
    "types, memfd_luo_ser, struct memfd_luo_ser",
    "constants, KHO_TREE_MAX_DEPTH, KHO_TREE_MAX_DEPTH"
  })
  void aNameThatOnlyOneKernelHasIsNotCompared(String group, String name, String text)
      throws Exception {
    Path renamed = directory.resolve("renamed.json");
    ObjectNode profile = (ObjectNode) MAPPER.readTree(kernel("7.3"));
    ObjectNode names = (ObjectNode) profile.get(group);
    names.set("renamed", names.remove(name));
    Files.writeString(renamed, profile.toString());
    assertThat(diff(1, kernel("7.3"), renamed).out())
        .contains(
            "%s is only in the types of %s, and was not compared".formatted(text, kernel("7.3")),
            "no version is known to have changed")
        .endsWith("Not every layout was compared, and no version is known to have changed.\n");
  }

  @Test
  void otherStructuresUnderAnotherVersionAreNotHarmless() {
    JsonNode json = MAPPER.readTree(diff(0, kernel("7.3"), kernel("7.1"), "--json").out());
    assertThat(json.get("parts").get(3).get("name").asString()).isEqualTo("luo");
    assertThat(json.get("parts").get(3).get("state").asString()).isEqualTo("bumped");
    assertThat(json.get("parts").get(3).get("differences").valueStream().map(JsonNode::asString))
        .anyMatch(text -> text.startsWith("struct luo_ser is only in the types of "));
  }

  @Test
  void textNamesWhatMoved() {
    assertThat(withoutNotes(diff(1, kernel("7.3"), kernel("vmalloc-swapped"))))
        .isEqualTo(
            """
            kho: kho-v4 in both
              kho_vmalloc.flags is at offset 14, not offset 12
              kho_vmalloc.order is at offset 12, not offset 14
              THE SAME VERSION: the next kernel would read these bytes as something else
            The layout changed, and the version was not bumped.
            """);
  }

  @Test
  void jsonHasEachPart() {
    JsonNode json =
        MAPPER.readTree(diff(1, kernel("7.3"), kernel("vmalloc-swapped"), "--json").out());
    assertThat(json.get("schema").asString()).isEqualTo("kho4j/abi-diff/1");
    assertThat(json.get("forgotten").asBoolean()).isTrue();
    JsonNode kho = json.get("parts").get(0);
    assertThat(kho.get("name").asString()).isEqualTo("kho");
    assertThat(kho.get("state").asString()).isEqualTo("forgotten");
    assertThat(kho.get("from").asString()).isEqualTo("kho-v4");
    assertThat(kho.get("to").asString()).isEqualTo("kho-v4");
    assertThat(kho.get("differences").valueStream().map(JsonNode::asString))
        .containsExactly(
            "kho_vmalloc.flags is at offset 14, not offset 12",
            "kho_vmalloc.order is at offset 12, not offset 14");
    assertThat(json.get("parts").valueStream().map(part -> part.get("state").asString()).toList())
        .containsExactly("forgotten", "same", "same", "same", "same", "same", "same");
    assertThat(json.has("stale")).isFalse();
  }

  @Test
  void imagesAndProfilesCompareWithEachOther() {
    Path image = BASE.resolve("../preflight/src/test/resources/org/kho4j/preflight/small.elf");
    Path profile = directory.resolve("small.json");
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    new Kho(pipe.console, "")
        .run("preflight", "--to", image.toString(), "--save-profile", profile.toString());
    for (List<Path> pair :
        List.of(List.of(image, profile), List.of(profile, image), List.of(image, image))) {
      assertThat(diff(0, pair.get(0), pair.get(1)).out().lines())
          .contains(
              "note: struct luo_flb_ser is in the types of neither kernel, and was not compared",
              "No compared layout changed; the notes name what was not compared.")
          .allMatch(line -> line.startsWith("note: ") || line.startsWith("No "));
    }
  }

  /** Of a profile of an older kho, which has no elements and inner structures. */
  @Test
  void whatAProfileDoesNotSayOfMembersIsNoDifference() throws Exception {
    Path image = BASE.resolve("../preflight/src/test/resources/org/kho4j/preflight/small.elf");
    Path profile = directory.resolve("new.json");
    ConsoleOfATest.kho(0, "preflight", "--to", image, "--save-profile", profile);
    String text = Files.readString(profile);
    assertThat(text).contains("\"elementBits\"").contains("\"structure\"");
    ObjectNode older = (ObjectNode) MAPPER.readTree(text);
    older
        .get("types")
        .forEach(type ->
            type.get("members")
                .forEach(member ->
                    ((ObjectNode) member).remove(List.of("elementBits", "structure", "members"))));
    Path file = Files.writeString(directory.resolve("older.json"), older.toString());
    String sentence = "No compared layout changed; the notes name what was not compared.\n";
    for (ConsoleOfATest diff : List.of(diff(0, profile, file), diff(0, file, profile))) {
      assertThat(diff.out())
          .contains("note: %s has no sizes of elements and no inner structures".formatted(file));
      assertThat(withoutNotes(diff)).isEqualTo(sentence);
    }
  }

  @Test
  void withoutTypesThereIsNoAnswer() throws Exception {
    Path silent = directory.resolve("silent.json");
    ObjectNode profile = (ObjectNode) MAPPER.readTree(kernel("7.3"));
    profile.remove("types");
    Files.writeString(silent, profile.toString());
    assertThat(diff(2, kernel("7.3"), silent).err())
        .contains(silent.toString(), "has no types (BTF)", "CONFIG_DEBUG_INFO_BTF=y");
    assertThat(diff(2, silent, kernel("7.3")).err()).contains(silent.toString());
  }

  @Test
  void proseThatLagsIsAWarning() throws Exception {
    Path headers = Files.createDirectories(directory.resolve("include/linux/kho/abi"));
    Files.writeString(
        headers.resolve("kexec_handover.h"),
        " * compatible = \"kho-v3\";\n#define KHO_FDT_COMPATIBLE \"kho-v4\"\n");
    ConsoleOfATest text = diff(0, kernel("7.3"), kernel("7.3"), "--source", directory);
    assertThat(text.out())
        .contains(
            "warning: include/linux/kho/abi/kexec_handover.h:1: mentions kho-v3, but the string"
                + " is kho-v4");
    JsonNode json =
        MAPPER.readTree(
            diff(0, kernel("7.3"), kernel("7.3"), "--source", directory, "--json").out());
    assertThat(json.get("stale")).hasSize(1);
  }

  @Test
  void aTreeWithoutTheHeadersIsRefused() {
    assertThat(diff(2, kernel("7.3"), kernel("7.3"), "--source", directory).err())
        .contains("include/linux/kho/abi: no such file");
  }
}
