package org.kho4j.cli.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.damage.GuestMemory;
import org.kho4j.damage.Overlay;
import org.kho4j.damage.RuleCase;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.wire.TreeValue;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.preflight.Preflight;
import org.kho4j.preflight.Report;
import org.kho4j.preflight.Report.Component;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.outgoing.HandoverReader;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.part.Verdict;

/**
 * Damage in a memory image is part of the verdict. The next kernel speaks exactly the versions and
 * layouts of the memory here, and its command line asks for every reservation, so that nothing but
 * damage can be wrong.
 */
class DamagedHandoverTest {

  private static final Path VECTORS =
      Path.of(System.getProperty("basedir", "."), "..", "vectors").normalize();

  /** The invalid vectors that a kernel takes, with the evidence. */
  private static final Map<String, String> TAKEN =
      Map.of(
          "invalid-memfd-flags",
          "7.1 to 7.3 ignore unknown flags of a memfd (MEMFD-005): restored in 3 of 3 boots",
          "invalid-vmalloc-unknown-flag",
          "6.18 to 7.3 ignore unknown flags of an area (VMALLOC-004): restored in 3 of 3 boots");

  /** The invalid vectors in which no root FDT can be read, so that there is no handover. */
  private static final Set<String> NO_HANDOVER =
      Set.of("invalid-root-structure-beyond-end", "invalid-root-total-size");

  static List<Path> invalid() throws IOException {
    return images("invalid");
  }

  private static List<Path> images(String kind) throws IOException {
    try (Stream<Path> files = Files.list(VECTORS.resolve(kind))) {
      return files.filter(file -> file.toString().endsWith(".zst")).sorted().toList();
    }
  }

  /** Real kernels' memory, and the sound vectors whose page size is not in question. */
  static List<Path> sound() throws IOException {
    List<Path> sound = new ArrayList<>(Captures.small());
    sound.addAll(Captures.lab());
    images("handover").stream()
        .filter(file -> file.toString().contains("-4k."))
        .forEach(sound::add);
    return sound;
  }

  private static String name(Path image) {
    return image.getFileName().toString().replaceFirst("\\..*", "");
  }

  private static Optional<Report> judge(PhysicalMemory memory) {
    List<Handover> handovers = Handovers.find(memory);
    return handovers.stream()
        .filter(handover -> handover.role() == Handover.Role.OUTGOING)
        .findFirst()
        .or(() -> handovers.stream().findFirst())
        .map(DamagedHandoverTest::judge);
  }

  private static Report judge(Handover handover) {
    OutgoingKernel outgoing = HandoverReader.read(handover, "a memory image");
    String reservations =
        outgoing.content().orElseThrow().reservations().stream()
            .map(one -> " reserve_mem=%d:64:%s".formatted(one.size(), one.name()))
            .collect(Collectors.joining());
    return Preflight.judge(
        outgoing.profile(),
        outgoing.content(),
        outgoing.profile(),
        Optional.of(new CommandLine("kho=on liveupdate=on" + reservations)));
  }

  private static Optional<Report> judge(Path image) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(image)) {
      return judge(memory);
    }
  }

  private static Component component(Report report, String name) {
    return report.components().stream()
        .filter(component -> component.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /**
   * Linux 7.1.8 restored all where one of these was broken; that is luck, and no reason to jump.
   */
  @ParameterizedTest
  @CsvSource({
    "MAP-004, CORRUPT",
    "ARRAY-003, UNREACHABLE",
    "FLB-001, CORRUPT",
    "MEMFD-018, LOST",
  })
  void anErrorThatAKernelSurvivedOnceIsNotOk(String rule, Verdict verdict) throws IOException {
    RuleCase broken =
        RuleCase.all().stream().filter(one -> one.rule().equals(rule)).findFirst().orElseThrow();
    boolean jump = broken.capture().startsWith("jump");
    Path image =
        jump
            ? Captures.small(broken.capture())
            : VECTORS.resolve("handover/" + broken.capture() + ".elf.zst");
    try (PhysicalMemory memory = MemoryImages.open(image)) {
      Handover sound = Handovers.find(memory).getLast();
      GuestMemory guest =
          jump ? GuestMemory.atTheJump(memory, sound) : GuestMemory.running(memory, sound);
      assertThat(judge(guest.memory()).orElseThrow().verdict()).isEqualTo(Verdict.OK);
      broken.broken().accept(guest);
      Report report = judge(guest.memory()).orElseThrow();

      assertThat(report.verdict()).isEqualTo(verdict);
      assertThat(report.components())
          .extracting(Component::because)
          .anyMatch(because -> because.startsWith(rule));
    }
  }

  @Test
  void noInvalidHandoverIsOkWithoutAReason() throws IOException {
    Set<String> ok = new TreeSet<>();
    Set<String> none = new TreeSet<>();
    for (Path image : invalid()) {
      Optional<Report> report = judge(image);
      if (report.isEmpty()) {
        none.add(name(image));
      } else if (report.get().verdict() == Verdict.OK) {
        ok.add(name(image));
        assertThat(report.get().notes()).anyMatch(note -> note.contains(" at /"));
      }
    }
    assertThat(ok).isEqualTo(TAKEN.keySet());
    assertThat(none).isEqualTo(NO_HANDOVER);
  }

  /** The rules of verify say what becomes of each part. */
  @ParameterizedTest
  @CsvSource({
    "map-away, kho, corrupt, MAP-001",
    "map-key-zero, kho, corrupt, MAP-004",
    "map-root-not-preserved, kho, lost, FDT-012",
    "root-map-zero, kho, lost, FDT-006",
    "luo-short, luo, panic, LUO-001",
    "blocks-loop, luo, corrupt, BLOCK-002",
    "luo-same-name, luo, unreachable, LUO-006",
    "luo-flbs-away, luo, corrupt, FLB-001",
    "memfd-seals, memfd, unreachable, MEMFD-004",
    "memfd-away, memfd, corrupt, MEMFD-002",
    "memblock-not-preserved, memblock, lost, MEMBLOCK-005",
    "metadata-short, kexec-metadata, degraded, META-001",
    "metadata-release, kexec-metadata, degraded, META-003",
    "kho-test-checksum, kho_test, lost, TEST-005",
    "vmalloc-loop, kho_test, lost, VMALLOC-006",
  })
  void aFindingIsTheFateOfItsPart(String vector, String part, String verdict, String rule)
      throws IOException {
    Report report = judge(VECTORS.resolve("invalid/invalid-" + vector + ".elf.zst")).orElseThrow();
    assertThat(component(report, part).verdict().label()).isEqualTo(verdict);
    assertThat(component(report, part).because()).startsWith(rule + " at /").contains(", 0x");
  }

  @Test
  void contentBehindAVersionThatIsNotKnownHereIsUnknown() throws IOException {
    for (String vector : List.of("root-unknown-version:kho", "luo-unknown-version:luo")) {
      String[] parts = vector.split(":", 2);
      Report report =
          judge(VECTORS.resolve("invalid/invalid-" + parts[0] + ".elf.zst")).orElseThrow();
      assertThat(component(report, parts[1]).verdict()).isEqualTo(Verdict.UNKNOWN);
      assertThat(component(report, parts[1]).because())
          .isEqualTo("its content was not examined: kho4j does not know %s-v9".formatted(parts[1]));
    }
  }

  @Test
  void theExampleWithAnOverwrittenPageOfItsMapIsCorrupt() throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(Captures.EXAMPLE)) {
      Overlay patched = new Overlay(memory);
      Handover handover = Handovers.find(memory).getFirst();
      assertThat(judge(handover).verdict()).isEqualTo(Verdict.OK);
      long map =
          TreeValue.number(
              handover.root().tree(),
              handover.version().mapPointer(),
              Where.ROOT,
              handover.root().address());
      MemorySegment page = patched.page(map);
      for (int i = 0; i < Overlay.PAGE; i++) {
        page.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 37 + 11));
      }
      Report report = judge(patched).orElseThrow();
      assertThat(report.verdict()).isEqualTo(Verdict.CORRUPT);
      assertThat(component(report, "kho").because()).startsWith("MAP-001 at /preserved-memory-map");
    }
  }

  /**
   * A file with holes may have lost what was there, and no client here has a handler of vectors.
   */
  @ParameterizedTest
  @MethodSource("sound")
  void whatIsSoundIsOkOrUnknown(Path image) throws IOException {
    Report report = judge(image).orElseThrow();
    boolean vector = image.startsWith(VECTORS);
    assertThat(report.verdict())
        .as(report.components().toString())
        .isIn(vector ? List.of(Verdict.OK, Verdict.UNKNOWN) : List.of(Verdict.OK));
  }
}
