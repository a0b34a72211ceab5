package org.kho4j.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.result.AbsentParts;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.OwnerVisitor;
import org.kho4j.verify.result.Severity;

/** A sound handover of which a dump left pages out has no findings, whatever the pages are. */
class AbsentMemoryTest {

  /** What a verification said. */
  private record Said(List<Finding> findings, Checked checked) {

    /** Errors and warnings, and what a whole memory has no finding about. */
    List<Finding> beside(Said whole) {
      List<String> known = whole.findings.stream().map(finding -> finding.rule().id()).toList();
      return findings.stream().filter(finding -> !known.contains(finding.rule().id())).toList();
    }
  }

  private static Said verify(DamagedCapture capture, PhysicalMemory memory, OwnerVisitor owners) {
    List<Finding> findings = new ArrayList<>();
    Checked checked = Checked.NOTHING;
    for (Handover handover : Handovers.of(memory, capture.roots(), null)) {
      checked =
          checked.plus(Verifier.verify(handover, Verifier.Options.ALL, findings::add, owners));
    }
    return new Said(findings, checked);
  }

  private static Said verify(DamagedCapture capture, PhysicalMemory memory) {
    return verify(capture, memory, OwnerVisitor.NONE);
  }

  /** Addresses of the pages of 4 KiB that owners have, but those of root FDTs. */
  private static Set<Long> owned(DamagedCapture capture, Predicate<Where> wanted) {
    return owned(capture, Long.MAX_VALUE, wanted);
  }

  /** The same within so many bytes from the start of each piece of memory. */
  private static Set<Long> owned(DamagedCapture capture, long most, Predicate<Where> wanted) {
    Set<Long> pages = new TreeSet<>();
    verify(
        capture,
        capture.memory(),
        (where, address, bytes) -> {
          long end = address + Math.min(most, bytes);
          for (long at = address; wanted.test(where) && at < end; at += Overlay.PAGE) {
            pages.add(at & -Overlay.PAGE);
          }
        });
    capture.roots().forEach(root -> pages.remove(root.address()));
    return pages;
  }

  private static boolean isContent(Where where) {
    return List.of("folio", "reservation").contains(where.name());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jump-luo",
        "jump-kho-test",
        "systemd-262-jump",
        "gen2-running",
        "linux-6.16-4k",
        "linux-6.19-4k",
        "linux-7.1-4k",
        "linux-7.0-16k",
        "linux-7.3-64k",
        "luo-v2-4k"
      })
  void everyStructureMayBeAbsent(String name) {
    DamagedCapture capture = DamagedCapture.of(name);
    Said whole = verify(capture, capture.memory());
    Set<Long> structures = owned(capture, Overlay.PAGE, where -> !isContent(where));
    assertThat(structures).hasSizeGreaterThan(3);
    for (long page : structures) {
      Overlay overlay = new Overlay(capture.memory());
      overlay.remove(page);

      Said said = verify(capture, overlay);

      assertThat(said.beside(whole)).as("without 0x%x", page).isEmpty();
      assertThat(said.checked.unchecked())
          .as("without 0x%x", page)
          .anySatisfy(sentence -> assertThat(sentence).contains("not in the dump"));
    }
  }

  /** Without the boot record, an arm64 handover shows its page size only by its map. */
  @ParameterizedTest
  @ValueSource(strings = {"linux-7.0-16k", "linux-7.3-64k"})
  void ofAGuessedPageSizeFollowsNoError(String name) {
    DamagedCapture whole = DamagedCapture.of(name);
    List<RootFdt> roots =
        whole.roots().stream()
            .map(root ->
                new RootFdt(
                    root.address(),
                    root.totalSize(),
                    root.tree(),
                    root.compatible(),
                    Optional.empty()))
            .toList();
    DamagedCapture capture = new DamagedCapture(whole.memory(), roots, whole.atTheJump());
    int guesses = 0;
    for (long page : owned(capture, Overlay.PAGE, where -> !isContent(where))) {
      Overlay overlay = new Overlay(capture.memory());
      overlay.remove(page);

      Said said = verify(capture, overlay);

      assertThat(said.findings)
          .as("without 0x%x", page)
          .allMatch(finding -> finding.rule().severity() == Severity.INFO);
      if (said.checked.unchecked().stream().anyMatch(one -> one.contains("the page size, taken"))) {
        guesses++;
        assertThat(said.checked.unchecked())
            .anySatisfy(one ->
                assertThat(one)
                    .startsWith("TEST-005 at /kho_test, 0x")
                    .endsWith(", if the page size is right"));
      }
    }
    assertThat(guesses).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"jump-luo", "jump-kho-test", "systemd-262-jump", "linux-6.19-4k"})
  void anyPagesMayBeAbsent(String name) {
    DamagedCapture capture = DamagedCapture.of(name);
    Said whole = verify(capture, capture.memory());
    List<Long> pages = List.copyOf(owned(capture, where -> true));
    Random random = new Random(16);
    for (int round = 0; round < 60; round++) {
      Overlay overlay = new Overlay(capture.memory());
      int removed = 1 + random.nextInt(20);
      for (int i = 0; i < removed; i++) {
        overlay.remove(pages.get(random.nextInt(pages.size())));
      }

      assertThat(verify(capture, overlay).beside(whole)).as("round %d", round).isEmpty();
    }
  }

  @Test
  void absentContentIsCountedByWhatItBelongsTo() {
    DamagedCapture capture = DamagedCapture.of("jump-luo");
    Overlay overlay = new Overlay(capture.memory());
    Set<Long> content = owned(capture, AbsentMemoryTest::isContent);
    content.forEach(overlay::remove);

    Said said = verify(capture, overlay);

    assertThat(said.checked.absent().bytes()).isEqualTo(content.size() * (long) Overlay.PAGE);
    assertThat(said.checked.absent().sums())
        .containsOnlyKeys(
            AbsentParts.Kind.MEMFD, AbsentParts.Kind.RESERVATION, AbsentParts.Kind.KHO_TEST);
    assertThat(said.checked.absent().parts())
        .filteredOn(part -> part.kind() == AbsentParts.Kind.MEMFD)
        .hasSize(4)
        .allSatisfy(part -> {
          assertThat(part.path()).matches("/LUO/session \"[^\"]+\"/file 0x[0-9a-f]+");
          assertThat(part.bytes()).isPositive();
        });
    assertThat(said.checked.unchecked())
        .contains("1 MiB of the content of 1 reservation: not in the dump");
    assertThat(said.findings).isEqualTo(verify(capture, capture.memory()).findings);
  }

  /** As many as extract writes zeros for: a file ends within its last page. */
  @ParameterizedTest
  @ValueSource(strings = {"linux-7.3-4k", "linux-7.0-16k"})
  void absentContentEndsWithItsFile(String name) {
    DamagedCapture capture = DamagedCapture.of(name);
    Overlay overlay = new Overlay(capture.memory());
    owned(capture, AbsentMemoryTest::isContent).forEach(overlay::remove);
    Handover handover = Handovers.of(overlay, capture.roots(), null).getFirst();
    long extracted =
        handover
            .client(LiveUpdate.CLIENT)
            .orElseThrow()
            .sessions(problem -> {})
            .flatMap(Session::files)
            .mapToLong(file -> Memfd.of(file).orElseThrow().content().absentBytes())
            .sum();

    assertThat(extracted % Overlay.PAGE).isPositive();
    assertThat(verify(capture, overlay).checked.absent().sums().get(AbsentParts.Kind.MEMFD).bytes())
        .isEqualTo(extracted);
  }

  @Test
  void theUnusedPartOfTheSessionsMayBeAbsent() {
    DamagedCapture capture = DamagedCapture.of("linux-7.0-16k");
    Overlay overlay = new Overlay(capture.memory());
    overlay.remove(0x8023c000L);

    Checked checked = verify(capture, overlay).checked;

    assertThat(checked.absent().count()).isZero();
    assertThat(checked.counts()).containsEntry("sessions", 3L).containsEntry("memfds", 3L);
    assertThat(checked.notChecked())
        .contains("the memory after the counted entries of /LUO/sessions: not in the dump");
  }
}
