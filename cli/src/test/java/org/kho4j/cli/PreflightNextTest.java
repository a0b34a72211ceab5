package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;
import static org.kho4j.cli.Preflights.ALL_ON;
import static org.kho4j.cli.Preflights.SMALL;
import static org.kho4j.cli.Preflights.TRACE;
import static org.kho4j.cli.Preflights.component;
import static org.kho4j.cli.Preflights.json;
import static org.kho4j.cli.Preflights.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.preflight.image.KernelImage;
import org.kho4j.preflight.image.KernelImages;
import tools.jackson.databind.JsonNode;

/** What boots next, and what scripts are told about it. */
class PreflightNextTest {

  @TempDir private Path directory;

  /** A PE file of sections; a name may have a number behind a colon, where it is there twice. */
  private Path uki(String name, Map<String, byte[]> sections) throws IOException {
    int headers = 0x80 + 24 + sections.size() * 40;
    int length = headers + sections.values().stream().mapToInt(content -> content.length).sum();
    ByteBuffer file = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    file.putShort(0, (short) 0x5a4d).putInt(0x3c, 0x80).putInt(0x80, 0x4550);
    file.putShort(0x86, (short) sections.size());
    int header = 0x80 + 24;
    int offset = headers;
    for (Map.Entry<String, byte[]> section : sections.entrySet()) {
      file.put(header, section.getKey().split(":", 2)[0].getBytes(StandardCharsets.US_ASCII));
      file.putInt(header + 8, section.getValue().length);
      file.putInt(header + 16, section.getValue().length).putInt(header + 20, offset);
      file.put(offset, section.getValue());
      header += 40;
      offset += section.getValue().length;
    }
    Path path = directory.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.write(path, file.array());
  }

  private Path uki(String name, String commandLine) throws IOException {
    Map<String, byte[]> sections = new LinkedHashMap<>();
    sections.put(".osrel", "ID=test".getBytes(StandardCharsets.US_ASCII));
    sections.put(".cmdline", commandLine.getBytes(StandardCharsets.US_ASCII));
    sections.put(".initrd", new byte[1000]);
    sections.put(".linux", Files.readAllBytes(SMALL.resolve("small.elf")));
    return uki(name, sections);
  }

  @Test
  void aUnifiedImageIsAKernelWithItsCommandLine() throws IOException {
    Path uki = uki("a.efi", "kho=off");
    JsonNode report = json(1, "--from", SMALL.resolve("small.elf"), "--to", uki);
    assertThat(component(report, "luo").get("verdict").asString()).isEqualTo("lost");
    assertThat(component(report, "luo").get("because").asString()).contains("kho=off");
    // What is given counts, and not what is in the image.
    report = json(1, "--from", SMALL.resolve("small.elf"), "--to", uki, "--cmdline", ALL_ON);
    assertThat(component(report, "luo").get("because").asString()).doesNotContain("kho=off");
  }

  /**
   * The UAPI group's specification: profile @0 boots, and replaces sections of the base profile.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        ".linux .cmdline=kho=on .initrd=1 .profile .cmdline:2=kho=off .initrd:2=123 .profile:2 .cmdline:3=x",
        ".linux .initrd=123 .profile .cmdline=kho=off .profile:2 .cmdline:2=kho=on .initrd:2=1",
        ".profile .linux .cmdline=kho=off .ucode=12 .initrd=3 .profile:2 .cmdline:2=kho=on",
        ".linux .cmdline=kho=off .initrd=3 .profile .ucode=12 .profile:2 .cmdline:2=kho=on",
      })
  void theFirstProfileOfAUnifiedImageReplacesTheBase(String layout) throws IOException {
    Map<String, byte[]> sections = new LinkedHashMap<>();
    for (String section : layout.split(" ", -1)) {
      String[] parts = section.split("=", 2);
      sections.put(
          parts[0],
          parts[0].equals(".linux")
              ? Files.readAllBytes(SMALL.resolve("small.elf"))
              : parts[parts.length - 1].getBytes(StandardCharsets.US_ASCII));
    }
    Path uki = uki("a.efi", sections);
    assertThat(KernelImages.read(uki).unified())
        .contains(new KernelImage.Unified(Optional.of("kho=off"), Optional.of(3L)));
    JsonNode report = json(1, "--from", SMALL.resolve("small.elf"), "--to", uki);
    assertThat(component(report, "luo").get("because").asString()).contains("with kho=off");
  }

  @Test
  void aUnifiedImageWithoutAKernelInItsFirstProfileIsRefused() throws IOException {
    Map<String, byte[]> sections = new LinkedHashMap<>();
    sections.put(".profile", new byte[0]);
    sections.put(".profile:2", new byte[0]);
    sections.put(".linux", Files.readAllBytes(SMALL.resolve("small.elf")));
    assertThat(kho(2, "preflight", "--to", uki("a.efi", sections)).err())
        .contains("a.efi has section .linux only in a profile that does not boot by default");
  }

  @Test
  void theInitrdOfAUnifiedImageHasToFit() throws IOException {
    Path uki = uki("a.efi", ALL_ON);
    JsonNode report = json(1, "--from", SMALL.resolve("small.elf"), "--to", uki);
    assertThat(component(report, "load").get("verdict").asString()).isEqualTo("unknown");
  }

  @Test
  void theProfileOfAUnifiedImageHasItsCommandLineAndInitrd() throws IOException {
    Path off = directory.resolve("off.json");
    kho(0, "preflight", "--to", uki("a.efi", "kho=off"), "--save-profile", off);
    JsonNode report = json(1, "--from", SMALL.resolve("small.elf"), "--to", off);
    assertThat(component(report, "luo").get("because").asString()).contains("kho=off");
    assertThat(component(report, "load").get("verdict").asString()).isEqualTo("unknown");
    report = json(1, "--from", SMALL.resolve("small.elf"), "--to", off, "--cmdline", ALL_ON);
    assertThat(component(report, "luo").get("because").asString()).doesNotContain("kho=off");

    Files.writeString(
        off, Files.readString(off).replace("\"initrdBytes\" : 1000", "\"initrdBytes\" : -1"));
    assertThat(kho(2, "preflight", "--to", off).err())
        .contains(off + ": boot: initrdBytes is -1, which is less than 0");
  }

  @Test
  void aUnifiedImageThatIsCutOffIsRefused() throws IOException {
    Path uki = uki("a.efi", ALL_ON);
    byte[] whole = Files.readAllBytes(uki);
    Files.write(uki, Arrays.copyOf(whole, whole.length - 8));
    assertThat(kho(2, "preflight", "--to", uki).err())
        .contains("has section .linux at offset", "runs past the file's end");
  }

  @ParameterizedTest
  @ValueSource(strings = {".linux", ".cmdline"})
  void aUnifiedImageWithTwoOfASectionIsRefused(String section) throws IOException {
    Path uki = uki("a.efi", ALL_ON);
    String bytes = Files.readString(uki, StandardCharsets.ISO_8859_1);
    String twice = bytes.replaceFirst("\\.osrel\0\0", (section + "\0\0\0").substring(0, 8));
    Files.writeString(uki, twice, StandardCharsets.ISO_8859_1);
    assertThat(kho(2, "preflight", "--to", uki).err())
        .contains("has two sections " + section + ", the second at offset 0x")
        .contains(": which of them boots is not known");
  }

  @Test
  void nextIsTheDefaultBootEntry() throws IOException {
    Path boot = directory.resolve("root/boot");
    Files.createDirectories(boot.resolve("loader/entries"));
    Files.copy(SMALL.resolve("small.elf"), boot.resolve("vmlinuz"));
    Files.writeString(boot.resolve("loader/entries/one.conf"), "linux /vmlinuz\noptions kho=off\n");

    JsonNode report =
        json(
            1,
            "--from",
            SMALL.resolve("small.elf"),
            "--to",
            "next",
            "--root",
            directory.resolve("root"));

    assertThat(component(report, "luo").get("because").asString()).contains("kho=off");
    assertThat(report.get("notes").valueStream().map(JsonNode::asString))
        .contains(
            "the next kernel is that of the boot entry %s: the first of 1 by their order"
                .formatted(boot.resolve("loader/entries/one.conf")));
    assertThat(kho(2, "preflight", "--to", "next", "--root", directory.resolve("none")).err())
        .contains("there is no boot entry");
  }

  /** As systemctl kexec loads it: an unknown command line would be assumed to have kho=on. */
  @Test
  void aBootEntryWithoutOptionsHasAnEmptyCommandLine() throws IOException {
    Path boot = directory.resolve("root/boot");
    Files.createDirectories(boot.resolve("loader/entries"));
    Files.copy(SMALL.resolve("small.elf"), boot.resolve("vmlinuz"));
    Path entry = Files.writeString(boot.resolve("loader/entries/one.conf"), "linux /vmlinuz\n");
    Object[] line = {
      "--from", SMALL.resolve("small.elf"), "--to", "next", "--root", directory.resolve("root")
    };

    JsonNode report = json(1, line);
    assertThat(component(report, "luo").get("verdict").asString()).isEqualTo("unreachable");
    assertThat(report.get("notes").valueStream().map(JsonNode::asString))
        .noneMatch(note -> note.contains("it is assumed to have kho=on"));

    uki("root/boot/one.efi", "kho=off");
    Files.writeString(entry, "uki /one.efi\n");
    assertThat(component(json(1, line), "luo").get("because").asString()).contains("with kho=off");
  }

  @Test
  void aBootEntryThatNamesNoPathIsRefused() throws IOException {
    Path entries = Files.createDirectories(directory.resolve("root/boot/loader/entries"));
    Files.writeString(entries.resolve("one.conf"), "linux /a\0b\n");

    assertThat(kho(2, "preflight", "--to", "next", "--root", directory.resolve("root")).err())
        .contains("one.conf: '/a\\x00b' is no path\n");
  }

  @ParameterizedTest
  @CsvSource({
    "7.3, 0, 0",
    "metadata-2, 1, 10",
    "flb-w, 1, 11",
    "kho-v5, 1, 12",
    "memfd-v3, 1, 13",
    "vmalloc-swapped, 1, 14",
    "luo-v6, 1, 15"
  })
  void theExitStatusTellsTheVerdict(String to, int plain, int detailed) {
    Object[] line = {
      "preflight", "--from", kernel("7.3"), "--to", kernel(to), "--cmdline", ALL_ON, "--quiet"
    };
    String said = kho(plain, line).out();
    assertThat(kho(detailed, Preflights.and(line, "--exit-status", "detailed")).out())
        .isEqualTo(said);
    kho(plain, Preflights.and(line, "--exit-status", "plain"));
  }

  @Test
  void quietIsALineForEachVerdict() {
    Path from = kernel("7.3");
    Path to = kernel("luo-v6");
    assertThat(
            kho(1, "preflight", "--from", from, "--to", to, "--cmdline", ALL_ON, "--quiet")
                .out()
                .lines())
        .startsWith("panic: %s to %s".formatted(from, to))
        .anyMatch(
            line -> line.startsWith("panic: %s to %s: luo luo-v5 > luo-v6: ".formatted(from, to)))
        .allMatch(line -> line.startsWith("panic: "));
    assertThat(
            kho(0, "preflight", "--from", from, "--to", from, "--cmdline", ALL_ON, "--quiet").out())
        .isEqualTo("ok: %s to %s%n".formatted(from, from));
  }

  @Test
  void whatJudgesTwoKernelsIsRefusedForOne() {
    for (String option : List.of("--cmdline=kho=off", "--initrd=none", "--quiet")) {
      assertThat(kho(2, "preflight", "--to", kernel("7.3"), option).err())
          .contains(option.split("=", 2)[0] + " is for two kernels: give --from and --to");
    }
  }

  @Test
  void aWrongValueOfASwitchIsNoMissingSwitch() {
    assertThat(
            kho(
                    1,
                    "preflight",
                    "--from",
                    kernel("7.3"),
                    "--to",
                    kernel("7.3"),
                    "--cmdline=kho=maybe")
                .out())
        .contains("the value of kho= on the next command line is neither on nor off");
  }

  /** Raw memory with pages of 4 KiB may be of either architecture. */
  @Test
  void anArchitectureThatIsNotShownIsNoted() {
    String sentence = "does not show its architecture: it is assumed to be that of the other";
    Path ram = Captures.small("jump-luo");
    assertThat(
            kho(0, "preflight", "--from", ram, "--to", kernel("arm64-4k"), "--cmdline", TRACE)
                .out())
        .contains(sentence);
    assertThat(
            kho(0, "preflight", "--from", kernel("7.3"), "--to", kernel("7.3"), "--cmdline", TRACE)
                .out())
        .doesNotContain(sentence);
  }

  @Test
  void aKindOfExitStatusThatIsNoneIsRefused() {
    assertThat(kho(2, "preflight", "--to", kernel("7.3"), "--exit-status", "loud").err())
        .contains("'loud' is not a kind of exit status: plain or detailed");
  }
}
