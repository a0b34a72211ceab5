package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class VerifyCommandTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** The root FDT of {@code jump-luo}. */
  private static final long ROOT = 0x512000;

  @TempDir Path directory;

  private final ConsoleOfATest pipe = ConsoleOfATest.pipe();

  private int verify(Object... arguments) {
    String[] line = new String[arguments.length + 1];
    line[0] = "verify";
    for (int i = 0; i < arguments.length; i++) {
      line[i + 1] = arguments[i].toString();
    }
    return new Kho(pipe.console, "").run(line);
  }

  /** Writes a capture's pages that are not zero, with some bytes changed. */
  private Path changed(String capture, long address, int value) throws IOException {
    Path file = directory.resolve("ram");
    try (PhysicalMemory memory = MemoryImages.open(Captures.small(capture));
        FileChannel out =
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      memory.forEachRange((start, length) -> {
        for (long at = start; at < start + length; at += 4096) {
          MemorySegment page = memory.read(at, Math.min(4096, start + length - at));
          if (page.mismatch(MemorySegment.ofArray(new byte[(int) page.byteSize()])) >= 0) {
            write(out, at, page.toArray(ValueLayout.JAVA_BYTE));
          }
        }
        write(out, start + length - 1, new byte[1]);
      });
      write(out, address, new byte[] {(byte) value});
    }
    return file;
  }

  private static void write(FileChannel out, long at, byte[] bytes) {
    try {
      out.write(ByteBuffer.wrap(bytes), at);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aSoundHandoverHasNoFindings() {
    assertThat(verify(Captures.small("jump-luo"))).as(pipe.err()).isZero();
    assertThat(pipe.out())
        .startsWith("0 errors, 0 warnings; checked: 1 handover, 32 map nodes, 36 preservations")
        .contains("5 sessions", "4 files", "not checked: scratch");
  }

  @Test
  void aHandoverThatWasTakenIsNoFault() {
    assertThat(verify(Captures.small("gen2-running"))).as(pipe.err()).isZero();
    assertThat(pipe.out()).startsWith("info    FDT-013     / at 0x4f0000: ");
  }

  @Test
  void aHandoverThatWasTakenIsToldFromTheOthersAlsoWhenItIsNamed() {
    assertThat(verify("--fdt", "0x4f0000", Captures.small("gen2-running"))).isZero();
    assertThat(pipe.out()).contains("FDT-013").contains("checked: 0 handovers\n");
  }

  @Test
  void anErrorIsOneLineAndTheExitStatus() throws IOException {
    // blob-size of LUO, 32, becomes 31.
    Path source = changed("jump-luo", sizeOfLuo(), 31);
    assertThat(verify(source)).isEqualTo(1);
    assertThat(pipe.out())
        .startsWith(
            "error   LUO-001     /LUO at 0x698000: the blob has 31 bytes, fewer than 32 | The kernel panics in early boot")
        .contains(
            "\n1 error, 0 warnings; checked: ",
            "the owners of 84 KiB of preserved memory: structures that may own it are broken");
  }

  @Test
  void jsonHasTheFormThatScriptsRelyOn() throws IOException {
    assertThat(verify("--json", changed("jump-luo", sizeOfLuo(), 31))).isEqualTo(1);
    JsonNode document = MAPPER.readTree(pipe.out());
    assertThat(document.path("schema").asString()).isEqualTo("kho4j/verify/1");
    assertThat(document.propertyNames())
        .containsExactly(
            "schema",
            "source",
            "handovers",
            "verdict",
            "errors",
            "warnings",
            "infos",
            "findings",
            "checked");
    assertThat(document.path("source").propertyNames())
        .containsExactly("path", "kind", "bytes", "pageSize");
    assertThat(document.path("verdict").asString()).isEqualTo("errors");
    assertThat(document.path("errors").asLong()).isEqualTo(1);
    JsonNode handover = document.path("handovers").path(0);
    assertThat(handover.propertyNames())
        .containsExactly(
            "fdt", "compatible", "role", "state", "verdict", "errors", "warnings", "infos");
    assertThat(handover.path("fdt").asString()).isEqualTo("0x512000");
    assertThat(handover.path("role").asString()).isEqualTo("outgoing");
    assertThat(handover.path("state").asString()).isEqualTo("intact");
    assertThat(handover.path("verdict").asString()).isEqualTo("errors");
    JsonNode finding = document.path("findings").path(0);
    assertThat(finding.propertyNames())
        .containsExactly("id", "severity", "fdt", "path", "address", "message", "kernel");
    assertThat(finding.path("id").asString()).isEqualTo("LUO-001");
    assertThat(finding.path("severity").asString()).isEqualTo("error");
    assertThat(finding.path("address").asString()).isEqualTo("0x698000");
    assertThat(document.path("checked").path("preservations").asLong()).isEqualTo(36);
  }

  @Test
  void theHeadlineCountsFindingsThatAreNotPrinted() throws IOException {
    // A memfd of one folio says 255: 254 entries without a page.
    Path source = changed("jump-luo", 0x771000 + 24, 255);
    assertThat(verify(source)).isEqualTo(1);
    assertThat(pipe.out())
        .contains("\nand 234 more of MEMFD-009\n254 errors, 0 warnings; checked: ");
  }

  @Test
  void jsonCountsFindingsThatAreNotListed() throws IOException {
    assertThat(verify("--json", changed("jump-luo", 0x771000 + 24, 255))).isEqualTo(1);
    JsonNode document = MAPPER.readTree(pipe.out());
    assertThat(document.path("errors").asLong()).isEqualTo(254);
    assertThat(document.path("findings")).hasSize(20);
  }

  @Test
  void printsOnlyWhatIsWanted() throws IOException {
    Path source = changed("jump-luo", sizeOfLuo(), 31);
    assertThat(verify("--only", "LUO", "--severity", "error", source)).isEqualTo(1);
    assertThat(pipe.out()).startsWith("error   LUO-001");
  }

  @Test
  void aFindingThatIsNotPrintedCounts() throws IOException {
    Path source = changed("jump-luo", sizeOfLuo(), 31);
    assertThat(verify("--only", "MEMFD,luo-002", "--json", source)).isEqualTo(1);
    JsonNode document = MAPPER.readTree(pipe.out());
    assertThat(document.path("findings")).isEmpty();
    assertThat(document.path("errors").asInt()).isPositive();
    assertThat(document.path("verdict").asString()).isEqualTo("errors");
  }

  @Test
  void aRootThatCannotBeReadIsAFinding() throws IOException {
    assertThat(verify("--fdt", ROOT, changed("jump-luo", ROOT + 8, 1))).isEqualTo(1);
    assertThat(pipe.out()).startsWith("error   FDT-001     / at 0x512008: the structure block");
  }

  @Test
  void noHandoverIsNoAnswer() throws IOException {
    assertThat(verify(changed("jump-luo", ROOT, 0))).isEqualTo(2);
    assertThat(pipe.err()).contains("no handover");
  }

  @Test
  void listsTheRules() {
    assertThat(verify("--rules")).isZero();
    assertThat(pipe.out()).contains("VMALLOC-007 error   The chunks list");
  }

  @Test
  void listsTheRulesForScripts() {
    assertThat(verify("--rules", "--json", "--only", "OWN-001")).isZero();
    JsonNode rule = MAPPER.readTree(pipe.out()).path("rules").path(0);
    assertThat(rule.propertyNames())
        .containsExactly("id", "severity", "sentence", "kernel", "remedy", "outcomes");
    assertThat(rule.path("outcomes").valueStream().map(JsonNode::asString))
        .containsExactly("warned", "failed", "lost");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--only=NO-001", "--severity=bad", "--scratch-array=1"})
  void refusesWhatItDoesNotKnow(String option) {
    assertThat(verify(option, Captures.small("jump-luo"))).isEqualTo(2);
    assertThat(pipe.err()).startsWith("kho: ");
  }

  @Test
  void wantsASource() {
    assertThat(verify()).isEqualTo(2);
    assertThat(pipe.err()).startsWith("kho: give a memory image as SOURCE, or --rules");
  }

  /** Where the root FDT has LUO's blob-size: the number 32, right before its preserved-data. */
  private static long sizeOfLuo() throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(Captures.small("jump-luo"))) {
      MemorySegment root = memory.read(ROOT, 405);
      for (long at = 0; at < 390; at += 4) {
        if (root.get(ValueLayout.JAVA_LONG_UNALIGNED, at) == 0x698000) {
          for (long before = at - 4; before > at - 40; before -= 4) {
            if (root.get(ValueLayout.JAVA_LONG_UNALIGNED, before) == 32) {
              return ROOT + before;
            }
          }
          return ROOT + at + 20;
        }
      }
      throw new AssertionError("no LUO in the root FDT");
    }
  }
}
