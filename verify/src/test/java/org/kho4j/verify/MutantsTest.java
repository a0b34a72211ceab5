package org.kho4j.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.PageSize;
import org.kho4j.damage.Mutants;
import org.kho4j.damage.Mutants.Mutant;
import org.kho4j.damage.Place;
import org.kho4j.damage.Places;
import org.kho4j.handover.Handover;
import org.kho4j.handover.HandoverException;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.RootFdt;
import org.kho4j.handover.RootSearch;
import org.kho4j.memory.MemoryImages;
import org.kho4j.memory.PhysicalMemory;

/** Every capture and sound vector with one field of its metadata changed. */
class MutantsTest {

  private static final int MUTANTS = Integer.getInteger("kho.mutants", 100);
  private static final Map<String, Integer> SILENT = new TreeMap<>();
  private static final Map<String, Integer> TOTAL = new TreeMap<>();

  static List<Path> sources() throws IOException {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(project.resolve("examples"))) {
      project = project.getParent();
    }
    List<Path> found = new ArrayList<>();
    for (String directory :
        List.of(
            "examples",
            "cli/src/test/resources/org/kho4j/cli/captures",
            "cli/src/test/resources/org/kho4j/cli/captures/lab",
            "vectors/handover",
            "vectors/structure")) {
      try (Stream<Path> files = Files.list(project.resolve(directory))) {
        files.filter(file -> file.toString().endsWith(".zst")).sorted().forEach(found::add);
      }
    }
    return found;
  }

  @ParameterizedTest
  @MethodSource("sources")
  void everyChangeIsFoundOrHarmless(Path source) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(source)) {
      List<RootFdt> roots = RootSearch.search(memory, bytes -> {}).roots();
      PageSize size = pageSize(source);
      List<Handover> sound = Handovers.of(memory, roots, size);
      Map<String, Long> before = findings(sound);
      List<Place> places = sound.stream().flatMap(one -> Places.of(one).stream()).toList();
      Mutants mutants = new Mutants(memory, places);
      for (int seed = 0; seed < MUTANTS; seed++) {
        Mutant mutant = mutants.make(seed);
        String verdict = verdict(mutants.memory(), sound, before);
        TOTAL.merge(verdict, 1, Integer::sum);
        if (verdict.equals("silent")) {
          SILENT.merge(mutant.place().kind(), 1, Integer::sum);
          if (SILENT.get(mutant.place().kind()) < 4) {
            System.out.println("SILENT " + source.getFileName() + " " + mutant);
          }
        }
        if (verdict.startsWith("CONS")) {
          System.out.println(verdict + " " + source.getFileName() + " " + mutant);
        }
      }
    }
  }

  @AfterAll
  static void show() {
    System.out.println(TOTAL);
    SILENT.forEach((kind, count) -> System.out.println("KIND " + count + " " + kind));
  }

  private static PageSize pageSize(Path source) {
    return source.toString().contains("64k")
        ? PageSize.SIZE_64K
        : source.toString().contains("16k") ? PageSize.SIZE_16K : PageSize.SIZE_4K;
  }

  private static String verdict(
      PhysicalMemory memory, List<Handover> sound, Map<String, Long> before) {
    List<RootFdt> roots = new ArrayList<>();
    boolean refused = false;
    for (Handover handover : sound) {
      try {
        roots.add(RootSearch.at(memory, handover.root().address()));
      } catch (HandoverException e) {
        refused = true;
      }
    }
    List<Handover> now = Handovers.of(memory, roots, sound.getFirst().pageSize());
    for (int i = 0; i < now.size() && !refused; i++) {
      if (sound.get(i).role() == Handover.Role.OUTGOING
          && now.get(i).mapState() == Handover.MapState.CONSUMED) {
        return "CONSUMED";
      }
    }
    if (refused) {
      return "refused";
    }
    Map<String, Long> after = findings(now);
    Severity worst = null;
    for (var finding : after.entrySet()) {
      if (finding.getValue() > before.getOrDefault(finding.getKey(), 0L)) {
        Severity severity = Rules.of(finding.getKey()).orElseThrow().severity();
        worst = worst == null || severity.compareTo(worst) < 0 ? severity : worst;
      }
    }
    return worst == null ? "silent" : worst.label();
  }

  private static Map<String, Long> findings(List<Handover> handovers) {
    Map<String, Long> counts = new HashMap<>();
    Verifier.verify(
        handovers,
        new Verifier.Options(
            rule -> true,
            1000,
            java.util.OptionalLong.empty(),
            java.util.Optional.empty(),
            List.of()),
        finding -> counts.merge(finding.rule().id(), 1L, Long::sum));
    return counts;
  }
}
