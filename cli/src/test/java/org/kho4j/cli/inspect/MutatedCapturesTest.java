package org.kho4j.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.InspectShape;
import org.kho4j.cli.captures.Mutator;
import org.kho4j.cli.captures.RecordingMemory;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Text;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.verify.Verifier;
import tools.jackson.databind.ObjectMapper;

/**
 * Damaged copies of the metadata of captures, and of conformance vectors, which have the versions
 * that the captures lack. Every inspection and verification of one ends with an answer or a
 * sentence, in a heap of 64 MiB: surefire's execution {@code small-heap} in the module's pom.xml
 * starts a JVM of that size.
 */
@Tag("small-heap")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MutatedCapturesTest {

  /** Damaged copies of all captures together: 20,000 with Maven's profile {@code mutations}. */
  private static final int COPIES = Integer.getInteger("kho.mutations", 2_000);

  /** Of each vector, a tenth of what each capture has. */
  private static final int VECTOR_SHARE = 10;

  private final ObjectMapper mapper = new ObjectMapper();
  private long runs;
  private long findings;
  private long rejected;
  private long nanos;
  private long slowestNanos;
  private String slowest = "";

  static Stream<Arguments> sources() throws IOException {
    List<Path> captures = Captures.small();
    int copies = COPIES / captures.size();
    return Stream.concat(
        captures.stream().map(capture -> Arguments.of(capture, copies)),
        Captures.vectors().stream().map(vector -> Arguments.of(vector, copies / VECTOR_SHARE)));
  }

  @BeforeAll
  void theHeapIsBounded() {
    assertThat(Runtime.getRuntime().maxMemory())
        .as("the heap of this JVM, which surefire starts with -Xmx64m")
        .isLessThanOrEqualTo(64 << 20);
  }

  @AfterAll
  void tell() {
    System.out.printf(
        "%,d inspections of damaged copies in %,d ms, %,d without a root; the slowest took %,d ms: %s%n",
        runs, nanos / 1_000_000, rejected, slowestNanos / 1_000_000, slowest);
  }

  @ParameterizedTest
  @MethodSource("sources")
  void aDamagedSourceIsReadOrRefused(Path capture, int copies) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      List<Long> roots =
          RootSearch.search(memory, bytes -> {}).roots().stream().map(RootFdt::address).toList();
      Overlay patched = new Overlay(memory);
      List<Long> pages = metadata(memory, roots);
      assertThat(pages).hasSizeGreaterThan(4);
      for (int seed = 0; seed < copies; seed++) {
        String damage = new Mutator(patched, pages, seed).mutate();
        String what = "%s, seed %d: %s".formatted(Captures.name(capture), seed, damage);
        long start = System.nanoTime();
        try {
          inspect(patched, roots, seed);
        } catch (Throwable e) {
          throw new AssertionError(what, e);
        }
        long took = System.nanoTime() - start;
        nanos += took;
        runs++;
        if (took > slowestNanos) {
          slowestNanos = took;
          slowest = what;
        }
      }
    }
  }

  /** The pages that an inspection reads, but for those full of test data. */
  private static List<Long> metadata(PhysicalMemory memory, List<Long> roots) throws IOException {
    RecordingMemory recording = new RecordingMemory(memory);
    CutCapture.inspect(
        recording, roots.stream().map(root -> RootSearch.at(memory, root)).toList(), false);
    List<Long> pages = new ArrayList<>();
    for (long page : recording.grains()) {
      int zeros = 0;
      for (byte b : memory.read(page, RecordingMemory.GRAIN).toArray(ValueLayout.JAVA_BYTE)) {
        zeros += b == 0 ? 1 : 0;
      }
      if (zeros > RecordingMemory.GRAIN / 2) {
        pages.add(page);
      }
    }
    return pages;
  }

  private void inspect(PhysicalMemory memory, List<Long> addresses, int seed) throws IOException {
    List<RootFdt> roots = new ArrayList<>();
    for (long address : addresses) {
      try {
        roots.add(RootSearch.at(memory, address));
      } catch (HandoverException e) {
        assertThat(e.getMessage()).startsWith("/");
        rejected++;
      }
    }
    List<Handover> handovers = Handovers.of(memory, roots, null);
    if (seed % 4 == 2) {
      Verifier.verify(handovers, Verifier.Options.ALL, finding -> findings++);
      return;
    }
    if (seed % 4 == 0) {
      Text text = new Text(OutputStream.nullOutputStream(), true);
      InspectCommand.show(
          memory, handovers, 4096, Verifier.Options.ALL, true, new TreeView(text, 40));
      text.flush();
      return;
    }
    // One in a hundred is looked at.
    ByteArrayOutputStream out = seed % 100 == 1 ? new ByteArrayOutputStream() : null;
    try (Json json = new Json(out == null ? OutputStream.nullOutputStream() : out)) {
      InspectCommand.show(memory, handovers, 4096, Verifier.Options.ALL, true, new JsonView(json));
    }
    if (out != null) {
      InspectShape.check(mapper.readTree(out.toByteArray()));
    }
  }
}
