package org.kho4j.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.output.Json;
import org.kho4j.damage.MetadataPlace;
import org.kho4j.damage.MetadataPlaces;
import org.kho4j.damage.Mutants;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Severity;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * What {@code kho inspect} and {@code kho verify} say of the same bytes, one field of them changed.
 */
class InspectAgreesWithVerifyTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int MUTANTS = Integer.getInteger("kho.mutants", 600);
  private static final long SEED = Long.getLong("kho.mutants.seed", 1);
  private static final String MAP_BROKEN = "what is preserved: the map is broken";

  private final List<String> contradictions = new ArrayList<>();

  static Stream<Path> sources() {
    return Stream.of(Captures.small(), Captures.lab(), Captures.vectors()).flatMap(List::stream);
  }

  @ParameterizedTest
  @MethodSource("sources")
  void neitherContradictsTheOther(Path source) throws IOException {
    long mutants = MUTANTS / sources().count();
    try (PhysicalMemory memory = MemoryImages.open(source)) {
      List<RootFdt> roots = RootSearch.search(memory, bytes -> {}).roots();
      List<Handover> sound = Handovers.of(memory, roots, null);
      List<MetadataPlace> places =
          sound.stream().flatMap(one -> MetadataPlaces.of(one).stream()).toList();
      Mutants changed = new Mutants(memory, places);
      for (int number = 0; number < mutants; number++) {
        String mutant = changed.make(SEED + number).toString();
        List<RootFdt> now = new ArrayList<>();
        try {
          for (RootFdt root : roots) {
            now.add(RootSearch.at(changed.memory(), root.address()));
          }
        } catch (HandoverException e) {
          continue;
        }
        for (Handover handover : Handovers.of(changed.memory(), now, null)) {
          compare(handover, mutant);
        }
      }
    }
    assertThat(contradictions).isEmpty();
  }

  /** The order makes 2 GiB, and the element begins at a multiple of what its bits represent. */
  @Test
  void aBlockTooLargeForAKernelIsKnownToBoth() throws IOException {
    Path vector =
        Captures.vectors().stream()
            .filter(path -> path.endsWith("linux-6.16-4k.elf.zst"))
            .findFirst()
            .orElseThrow();
    try (PhysicalMemory memory = MemoryImages.open(vector)) {
      RootFdt root = RootSearch.search(memory, bytes -> {}).roots().getFirst();
      long map = Handovers.of(memory, List.of(root), null).getFirst().preservedMap().root();
      Overlay overlay = new Overlay(memory);
      MemorySegment chunk = overlay.page(map);
      chunk.set(ValueLayout.JAVA_INT_UNALIGNED, 8, 31 - 12);
      chunk.set(ValueLayout.JAVA_LONG_UNALIGNED, 16, 0);
      Handover handover = Handovers.of(overlay, List.of(root), null).getFirst();
      compare(handover, "order 19");
      assertThat(inspect(handover).at("/preservedMap/state").asString()).isEqualTo("damaged");

      // The highest order with a key, for which a bitmap represents all addresses there can be.
      chunk.set(ValueLayout.JAVA_INT_UNALIGNED, 8, 40 - 12);
      chunk.set(ValueLayout.JAVA_LONG_UNALIGNED, 16, 4096);
      compare(Handovers.of(overlay, List.of(root), null).getFirst(), "order 28");
      assertThat(contradictions).isEmpty();
    }
  }

  private void compare(Handover handover, String mutant) throws IOException {
    List<String> findings = new ArrayList<>();
    Checked checked =
        Verifier.verify(
            handover,
            Verifier.Options.ALL,
            finding ->
                findings.add(
                    finding.rule().id() + " " + finding.path() + ": " + finding.message()));
    JsonNode inspected = inspect(handover);
    String state = inspected.at("/preservedMap/state").asString();
    List<String> errors = texts(inspected.path("errors"));
    List<String> newer = texts(inspected.path("newer"));
    String said = "%s: map %s, errors %s, verify %s".formatted(mutant, state, errors, findings);
    boolean consumed = findings.stream().anyMatch(finding -> finding.startsWith("FDT-013 "));
    boolean errorOfMap =
        errors.stream().anyMatch(error -> error.startsWith(PreservedMap.PATH.toString()));

    if (consumed != handover.taken().isPresent()) {
      contradictions.add("taken: " + said);
    }
    if (handover.taken().isPresent()) {
      return;
    }
    JsonNode shown = inspected.path("errors");
    if (shown.valueStream().distinct().count() < shown.size()) {
      contradictions.add("an error is shown twice: " + said);
    }
    if (List.of("intact", "damaged").contains(state) && errorOfMap == state.equals("intact")) {
      contradictions.add("an error about the map beside its state: " + said);
    }
    if (checked.notChecked().contains(MAP_BROKEN) && state.equals("intact")) {
      contradictions.add("intact, and broken for verify: " + said);
    }
    if (!errors.isEmpty() && findings(checked) == 0) {
      contradictions.add("an error that verify does not find: " + said);
    }
    if (!newer.isEmpty() && findings(checked) == 0) {
      contradictions.add("a newer part that verify does not find: " + said);
    }
  }

  private static long findings(Checked checked) {
    return checked.count(Severity.ERROR) + checked.count(Severity.WARNING);
  }

  private static JsonNode inspect(Handover handover) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Json json = new Json(out)) {
      InspectCommand.show(
          handover.memory().physical(),
          List.of(handover),
          handover.pageSize().bytes(),
          Verifier.Options.ALL,
          false,
          new JsonView(json));
    }
    return MAPPER.readTree(out.toByteArray()).at("/handovers/0");
  }

  private static List<String> texts(JsonNode parts) {
    List<String> texts = new ArrayList<>();
    parts.forEach(
        part -> texts.add(part.path("path").asString() + ": " + part.path("message").asString()));
    return texts;
  }
}
