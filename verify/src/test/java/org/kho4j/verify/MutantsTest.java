package org.kho4j.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.PageSize;
import org.kho4j.damage.MetadataPlace;
import org.kho4j.damage.MetadataPlaces;
import org.kho4j.damage.Mutants;
import org.kho4j.damage.Mutants.Mutant;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * Every capture and sound vector with one field of its metadata changed. Verify reports the change,
 * or {@link Harmless} has a reason why nothing is lost; and no handover counts as taken.
 */
class MutantsTest {

  private static final int MUTANTS = Integer.getInteger("kho.mutants", 300);
  private static final long SEED = Long.getLong("kho.mutants.seed", 1);

  /** How a change shows, worst first. */
  private enum Shown {
    REFUSED,
    ERROR,
    WARNING,
    SILENT
  }

  private final Map<String, Map<Shown, Integer>> kinds = new TreeMap<>();
  private final Map<Shown, Integer> total = new EnumMap<>(Shown.class);
  private final Map<Harmless, Integer> harmless = new TreeMap<>();
  private final List<String> unexplained = new ArrayList<>();
  private final List<String> taken = new ArrayList<>();

  private static Path project() {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(project.resolve("examples"))) {
      project = project.getParent();
    }
    return project;
  }

  private static List<Path> sources() throws IOException {
    List<Path> found = new ArrayList<>();
    for (String directory :
        List.of(
            "examples",
            "cli/src/test/resources/org/kho4j/cli/captures",
            "cli/src/test/resources/org/kho4j/cli/captures/lab",
            "vectors/handover",
            "vectors/structure")) {
      try (Stream<Path> files = Files.list(project().resolve(directory))) {
        files.filter(file -> file.toString().endsWith(".zst")).sorted().forEach(found::add);
      }
    }
    return found;
  }

  @Test
  void everyChangeIsReportedOrHarmless() throws IOException {
    List<Path> sources = sources();
    for (int i = 0; i < sources.size(); i++) {
      int first = (int) ((long) MUTANTS * i / sources.size());
      int end = (int) ((long) MUTANTS * (i + 1) / sources.size());
      mutants(sources.get(i), first, end);
    }
    if (Boolean.getBoolean("kho.mutants.write")) {
      Files.writeString(project().resolve("lab/mutants.md"), page(sources.size()));
    }
    assertThat(taken).isEmpty();
    assertThat(unexplained).isEmpty();
  }

  private void mutants(Path source, int first, int end) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(source)) {
      List<RootFdt> roots = RootSearch.search(memory, bytes -> {}).roots();
      List<Handover> sound = Handovers.of(memory, roots, pageSize(source));
      Map<String, Long> before = findings(sound);
      List<MetadataPlace> places =
          sound.stream().flatMap(one -> MetadataPlaces.of(one).stream()).toList();
      Mutants mutants = new Mutants(memory, places);
      for (int number = first; number < end; number++) {
        Mutant mutant = mutants.make(SEED + number);
        Shown shown = shown(mutants.memory(), sound, before, source + ": " + mutant);
        total.merge(shown, 1, Integer::sum);
        kinds
            .computeIfAbsent(mutant.place().structure(), name -> new EnumMap<>(Shown.class))
            .merge(shown, 1, Integer::sum);
        if (shown == Shown.SILENT) {
          silent(
              source,
              new Harmless.Change(mutant, mutants.memory(), sound.getFirst().pageSize(), before));
        }
      }
    }
  }

  private void silent(Path source, Harmless.Change change) {
    Harmless.of(change)
        .ifPresentOrElse(
            reason -> harmless.merge(reason, 1, Integer::sum),
            () -> unexplained.add(source.getFileName() + ": " + change.mutant()));
  }

  private static PageSize pageSize(Path source) {
    String name = source.getFileName().toString();
    return name.contains("64k")
        ? PageSize.SIZE_64K
        : name.contains("16k") ? PageSize.SIZE_16K : PageSize.SIZE_4K;
  }

  private Shown shown(
      PhysicalMemory memory, List<Handover> sound, Map<String, Long> before, String mutant) {
    List<RootFdt> roots = new ArrayList<>();
    try {
      for (Handover handover : sound) {
        roots.add(RootSearch.at(memory, handover.root().address()));
      }
    } catch (HandoverException e) {
      return Shown.REFUSED;
    }
    List<Handover> now = Handovers.of(memory, roots, sound.getFirst().pageSize());
    for (int i = 0; i < now.size(); i++) {
      if (sound.get(i).taken().isEmpty() && now.get(i).taken().isPresent()) {
        taken.add(mutant);
      }
    }
    Map<String, Long> after = findings(now);
    Shown worst = Shown.SILENT;
    for (Map.Entry<String, Long> finding : after.entrySet()) {
      if (finding.getValue() > before.getOrDefault(finding.getKey(), 0L)) {
        switch (Rules.of(finding.getKey()).orElseThrow().severity()) {
          case ERROR -> worst = Shown.ERROR;
          case WARNING -> worst = worst == Shown.ERROR ? worst : Shown.WARNING;
          case INFO -> {}
        }
      }
    }
    return worst;
  }

  private static Map<String, Long> findings(List<Handover> handovers) {
    Map<String, Long> counts = new HashMap<>();
    Verifier.verify(
        handovers,
        Verifier.Options.ALL,
        finding -> counts.merge(finding.rule().id(), 1L, Long::sum));
    return counts;
  }

  /** The section of the page about agreement with reality. */
  private String page(int sources) {
    StringBuilder page = new StringBuilder();
    page.append(
        """

        ## Changes of one field, without a kernel

        `MutantsTest` changes one field of the metadata at a time: %,d changes of seed %d, in %d captures
        and valid vectors. After each change, the root FDT is refused, or `kho verify` reports an error
        or a warning, or the change is harmless. No change makes a handover look consumed. The test has a
        reason for each harmless change, and fails without one
        (`verify/src/test/java/org/kho4j/verify/Harmless.java`).

            ./mvnw -pl verify -am test -Dtest=MutantsTest -Dsurefire.failIfNoSpecifiedTests=false \\
              -Dkho.mutants=%d -Dkho.mutants.write=true

        | structure | changes | refused | error | warning | harmless |
        |---|---|---|---|---|---|
        """
            .formatted(MUTANTS, SEED, sources, MUTANTS));
    kinds.forEach((structure, counts) -> row(page, structure, counts));
    row(page, "all", total);
    page.append("\n| reason why a change is harmless | changes |\n|---|---|\n");
    harmless.forEach(
        (reason, count) -> page.append("| %s | %,d |\n".formatted(reason.reason(), count)));
    return page.toString();
  }

  private static void row(StringBuilder page, String name, Map<Shown, Integer> counts) {
    int all = counts.values().stream().mapToInt(Integer::intValue).sum();
    page.append("| %s | %,d |".formatted(name, all));
    for (Shown shown : Shown.values()) {
      page.append(" %,d |".formatted(counts.getOrDefault(shown, 0)));
    }
    page.append('\n');
  }
}
