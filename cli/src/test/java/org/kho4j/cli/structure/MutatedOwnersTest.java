package org.kho4j.cli.structure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.Mutator;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.verify.PreservedRange;
import org.kho4j.verify.PreservedRanges;
import org.kho4j.verify.Verifier;

/** Damaged copies of captures: who and show end with an answer, and agree with the ranges. */
class MutatedOwnersTest {

  private static final int COPIES = Integer.getInteger("kho.mutations", 2_000) / 50;
  private static final int ASKED = 64;

  static Stream<Path> captures() {
    return Stream.of("jump-luo", "systemd-262-jump").map(Captures::small);
  }

  @ParameterizedTest
  @MethodSource("captures")
  void aDamagedHandoverHasOwners(Path capture) throws IOException {
    int answered = 0;
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      long root = RootSearch.search(memory, bytes -> {}).roots().getFirst().address();
      Overlay patched = new Overlay(memory);
      List<Long> pages = structures(memory, root);
      for (int seed = 0; seed < COPIES; seed++) {
        String damage = new Mutator(patched, pages, seed).mutate();
        try {
          answered += ask(patched, root, seed);
        } catch (Throwable e) {
          throw new AssertionError("seed %d: %s".formatted(seed, damage), e);
        }
      }
    }
    assertThat(answered).isGreaterThan(COPIES);
  }

  private static Handover handover(PhysicalMemory memory, long root) {
    RootFdt found = RootSearch.at(memory, root);
    return Handovers.of(memory, List.of(found), null).getFirst();
  }

  /** Pages with structures of the capture. */
  private static List<Long> structures(PhysicalMemory memory, long root) {
    TreeSet<Long> pages = new TreeSet<>();
    Verifier.verify(
        handover(memory, root),
        Verifier.Options.ALL,
        finding -> {},
        new PathList((path, name, address) -> pages.add(address & -4096)));
    assertThat(pages).hasSizeGreaterThan(10);
    return List.copyOf(pages);
  }

  private static int ask(PhysicalMemory memory, long root, int seed) {
    Handover handover;
    try {
      handover = handover(memory, root);
    } catch (HandoverException e) {
      return 0;
    }
    List<PreservedRange> ranges = new ArrayList<>();
    try {
      PreservedRanges.visit(
          handover,
          Verifier.Options.ALL,
          range -> {
            if (ranges.size() < ASKED) {
              ranges.add(range);
            }
          });
    } catch (HandoverException e) {
      ranges.clear();
    }
    TreeSet<Long> addresses = new TreeSet<>();
    ranges.forEach(range -> addresses.add(range.address()));
    new Random(seed).longs(ASKED).forEach(addresses::add);
    Collection<OwnedAddress> answers = AddressQuery.of(handover, Verifier.Options.ALL, addresses);
    assertThat(answers).hasSameSizeAs(addresses);
    for (OwnedAddress answer : answers) {
      ranges.stream()
          .filter(range -> range.address() == answer.address())
          .filter(range -> memory.isRam(range.address(), range.bytes()))
          .findFirst()
          .ifPresent(range -> compare(range, answer));
    }
    show(handover, seed);
    return answers.size();
  }

  private static void compare(PreservedRange range, OwnedAddress answer) {
    PreservedRange.Owner owner = range.owner();
    assertThat(answer.owners().isEmpty()).as("%s", range).isEqualTo(owner == null);
    if (owner != null) {
      OwnedAddress.Owner first = answer.owners().getFirst();
      assertThat(first.kind()).isEqualTo(owner.kind());
      assertThat(first.where().toString()).isEqualTo(owner.where().toString());
      assertThat(answer.owners().size() > 1).as("%s", range).isEqualTo(range.shared());
    }
  }

  private static void show(Handover handover, int seed) {
    List<String> paths = new ArrayList<>();
    Verifier.verify(
        handover,
        Verifier.Options.ALL,
        finding -> {},
        new PathList((path, name, address) -> paths.add(path)));
    if (paths.isEmpty()) {
      return;
    }
    String path = paths.get(new Random(seed).nextInt(paths.size()));
    for (String wanted : List.of(path, path + "/folio 0", "/LUO/session x/file 0x1/folio 9")) {
      StructureSearch search = new StructureSearch(handover, wanted, null, 64);
      Verifier.verify(handover, Verifier.Options.ALL, finding -> {}, search);
      PointerNames names = new PointerNames(handover.pageSize(), search.found());
      Verifier.verify(handover, Verifier.Options.ALL, finding -> {}, names);
      search
          .found()
          .forEach(one -> one.rows().forEach(row -> assertThat(names.of(row)).isNotNull()));
    }
  }
}
