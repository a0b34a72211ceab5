package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.CoreFile;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Whole guests, put through makedumpfile at every level and in every form: {@code kho} says the
 * same of each dump, but for what the dump left out.
 */
class DumpLevelsTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final List<String> FORMS = List.of("-c", "-F -c", "-E");

  @TempDir private static Path shared;
  @TempDir private Path directory;

  private static final Map<Path, Path> CORES = new HashMap<>();
  private static final Map<Path, JsonNode> WHOLE = new HashMap<>();

  /** The program is of one architecture, and dumps guests of that one alone. */
  static Stream<Arguments> dumps() {
    return Captures.shared().stream()
        .filter(path -> path.getFileName().toString().matches(".*-jump-.*\\.full\\..*"))
        .filter(path -> !path.toString().contains("arm64"))
        .flatMap(guest ->
            Stream.of(1, 2, 4, 8, 16, 31)
                .flatMap(level -> FORMS.stream().map(form -> Arguments.of(guest, level, form))));
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("dumps")
  void dumpsOfEveryLevelAndFormHaveNoFalseFinding(Path guest, int level, String form)
      throws Exception {
    Path core = CORES.computeIfAbsent(guest, DumpLevelsTest::core);
    Path dump = directory.resolve("dump");
    makedumpfile(core, level, form, dump);

    JsonNode whole = WHOLE.computeIfAbsent(core, DumpLevelsTest::verify);
    JsonNode part = verify(dump);

    assertThat(findings(part)).isEqualTo(findings(whole));
    assertThat(counts(part)).isEqualTo(counts(whole));
    assertThat(part.path("handovers").get(0).path("state").asString()).isEqualTo("intact");
    if (level == 1 && !form.equals("-E")) {
      assertThat(part.path("checked").has("absent")).as("zeros are known").isFalse();
    }
    if (level == 1 || level == 31) {
      assertThat(kho(0, "diff", core, dump, "--json").path("different").asBoolean()).isFalse();
    }
    extractsWhatIsThere(guest, dump, part.findPath("fdt").asString());
  }

  /** Every memfd is as it was, or nothing of it is written. */
  private void extractsWhatIsThere(Path guest, Path dump, String fdt) throws IOException {
    JsonNode facts = MAPPER.readTree(Files.readString(Captures.facts(guest)));
    for (JsonNode sessions : facts.findValues("sessions")) {
      for (JsonNode session : sessions) {
        for (JsonNode file : session.path("files")) {
          Path out = directory.resolve("memfd");
          ConsoleOfATest pipe = ConsoleOfATest.pipe();
          int exit =
              new Kho(pipe.console, "")
                  .run(
                      "extract",
                      dump.toString(),
                      "--fdt=" + fdt,
                      "--session=" + session.path("name").asString(),
                      "--token=" + file.path("token").asLong(),
                      "--json",
                      "--sha256",
                      "-o",
                      out.toString());
          if (exit == 0) {
            assertThat(MAPPER.readTree(pipe.out()).path("sha256").asString())
                .isEqualTo(file.path("sha256").asString());
            Files.delete(out);
          } else {
            assertThat(exit).isEqualTo(2);
            assertThat(pipe.err()).contains(" are not in ", "--missing zero");
            assertThat(out).doesNotExist();
          }
        }
      }
    }
  }

  private static JsonNode verify(Path memory) {
    return kho(0, "verify", memory, "--json");
  }

  private static JsonNode kho(int exit, Object... arguments) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    String[] line = Stream.of(arguments).map(Object::toString).toArray(String[]::new);
    assertThat(new Kho(pipe.console, "").run(line)).as(pipe.err()).isEqualTo(exit);
    return MAPPER.readTree(pipe.out());
  }

  /** Rules and places: makedumpfile counts no RAM that has no page descriptors. */
  private static List<String> findings(JsonNode verified) {
    List<String> findings = new ArrayList<>();
    for (JsonNode finding : verified.path("findings")) {
      findings.add(finding.path("id").asString() + " " + finding.path("path").asString());
    }
    return findings;
  }

  private static Map<String, Long> counts(JsonNode verified) {
    Map<String, Long> counts = new HashMap<>();
    verified
        .path("checked")
        .properties()
        .forEach(count -> {
          if (count.getValue().isNumber()) {
            counts.put(count.getKey(), count.getValue().asLong());
          }
        });
    return counts;
  }

  /**
   * The guest as /proc/vmcore would have it: with the text that tells where the kernel's data is.
   */
  private static Path core(Path guest) {
    Path core = shared.resolve(Captures.name(guest) + ".core");
    try (PhysicalMemory memory = MemoryImages.open(guest)) {
      List<CoreFile.Run> runs = new ArrayList<>();
      memory.forEachRange((address, length) -> runs.add(new CoreFile.Run(address, length)));
      byte[] registers = CoreFile.registers();
      byte[] vmcoreinfo = note("VMCOREINFO", vmcoreinfo(memory, runs));
      byte[] notes = new byte[registers.length + vmcoreinfo.length];
      System.arraycopy(registers, 0, notes, 0, registers.length);
      System.arraycopy(vmcoreinfo, 0, notes, registers.length, vmcoreinfo.length);
      assertThat(memory.source().machine()).isEqualTo(MemorySource.Machine.X86_64);
      CoreFile.write(core, memory, runs, notes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return core;
  }

  /** The kernel keeps the text in a page of its own. */
  private static byte[] vmcoreinfo(PhysicalMemory memory, List<CoreFile.Run> runs) {
    byte[] begin = "OSRELEASE=7".getBytes(StandardCharsets.US_ASCII);
    for (CoreFile.Run run : runs) {
      for (long at = run.address(); at < run.address() + run.length(); at += 4096) {
        MemorySegment page = memory.read(at, 4096);
        if (page.asSlice(0, begin.length).mismatch(MemorySegment.ofArray(begin)) < 0) {
          String text = page.getString(0, StandardCharsets.US_ASCII);
          return text.getBytes(StandardCharsets.US_ASCII);
        }
      }
    }
    throw new AssertionError("the kernel has VMCOREINFO");
  }

  private static byte[] note(String name, byte[] text) {
    int nameBytes = name.length() + 1;
    int padded = nameBytes + 3 & ~3;
    return ByteBuffer.allocate(12 + padded + (text.length + 3 & ~3))
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(nameBytes)
        .putInt(text.length)
        .putInt(0)
        .put(name.getBytes(StandardCharsets.US_ASCII))
        .put(12 + padded, text)
        .array();
  }

  private void makedumpfile(Path core, int level, String form, Path dump) throws Exception {
    boolean flat = form.startsWith("-F");
    List<String> command = new ArrayList<>(List.of("makedumpfile", "-d", "" + level));
    command.addAll(List.of(form.split(" ")));
    command.add(core.toString());
    if (!flat) {
      command.add(dump.toString());
    }
    Path log = directory.resolve("log");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
    builder.redirectOutput(flat ? dump.toFile() : directory.resolve("out").toFile());
    int exit;
    try {
      Process process = builder.start();
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      exit = process.exitValue();
    } catch (IOException e) {
      exit = -1; // There is no such program.
    }
    assumeThat(exit).as("makedumpfile is there and works: %s", log).isZero();
  }
}
