package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.handmade.Tree;
import org.kho4j.handover.map.MapEvidence;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.OutOfPagesException;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;
import org.kho4j.memory.image.MemoryImages;

/** Every layout of the contract with every page size: written, read back, restored. */
class LayoutsTest {

  private static final long BASE = 0x40000000;

  static List<Arguments> layouts() {
    List<Arguments> all = new ArrayList<>();
    for (KhoLayout layout : KhoLayout.all()) {
      for (PageSize pageSize : PageSize.values()) {
        for (int seed = 0; seed < 3; seed++) {
          all.add(Arguments.of(layout, pageSize, seed));
        }
      }
    }
    return all;
  }

  private static List<AddressRange> scratch(PageSize pageSize) {
    return List.of(new AddressRange(BASE + 0x100000, 16L * pageSize.bytes()));
  }

  private static Setup setup(PageSize pageSize, KhoLayout layout) {
    return Setup.of(pageSize, scratch(pageSize), "layouts").withLayout(layout);
  }

  @TempDir Path directory;

  private int files;

  /** A RAM file in which nothing takes space before it is written. */
  private WritableMemory sparse(long base, long bytes) throws IOException {
    return WritableMemory.create(directory.resolve("ram" + files++), base, bytes);
  }

  /** Memory in which no page is zero: a structure must be cleared before it is used. */
  private WritableMemory memory(PageSize pageSize) throws IOException {
    WritableMemory memory = sparse(BASE, 2000L * pageSize.bytes());
    for (long page = 0; page < memory.size(); page += pageSize.bytes()) {
      MemorySegment bytes = memory.writable(BASE + page, pageSize.bytes());
      bytes.asSlice(0, 4096).fill((byte) 0x5a);
      bytes.asSlice(pageSize.bytes() - 64).fill((byte) 0x5a);
    }
    return memory;
  }

  /**
   * Folios, runs and areas by the address of their first byte, with a number of their own in it.
   */
  private record Kept(Map<Long, Integer> folios, Map<Long, Long> runs, List<Descriptor> areas) {}

  @ParameterizedTest(name = "{0}, {1} pages, seed {2}")
  @MethodSource("layouts")
  void whatIsWrittenIsReadBackAndRestored(KhoLayout layout, PageSize pageSize, int seed)
      throws IOException {
    RandomGenerator random = new SplittableRandom(seed);
    try (WritableMemory memory = memory(pageSize)) {
      Setup setup = setup(pageSize, layout);
      Generation first = Generation.first(memory, seed == 0 ? setup : setup.scattered(seed));
      Map<Long, Integer> blocks = new TreeMap<>();
      Kept kept = preserve(first, random, blocks);
      Tree tree = Tree.compatible("anything-v1").u64("number", seed);
      blob(first, "anything", tree.blob());

      BootData boot = first.handOver();

      Handover handover = Handovers.find(memory).getFirst();
      assertThat(handover.version()).isEqualTo(layout.version());
      assertThat(handover.pageSize()).isEqualTo(pageSize);
      assertThat(handover.mapState()).isEqualTo(Handover.MapState.INTACT);
      MapEvidence evidence = handover.mapEvidence();
      assertThat(evidence.form().depth(pageSize)).isEqualTo(layout.map().depth(pageSize));
      assertThat(evidence.form().bitmapBytes(pageSize))
          .isEqualTo(layout.map().bitmapBytes(pageSize));
      blocks.put(handover.root().address(), 0);
      handover
          .subtrees(problem -> {
            throw problem;
          })
          .forEach(subtree -> blocks.put(subtree.address(), 0));
      assertThat(handover.subtree("kexec-metadata").isPresent())
          .isEqualTo(layout.has(KhoFeature.METADATA));
      assertThat(State.blocks(handover)).isEqualTo(blocks);

      KhoLayout nextLayout = KhoLayout.all().get(random.nextInt(KhoLayout.all().size()));
      Generation next = Generation.boot(memory, boot, setup(pageSize, nextLayout));
      restore(next, kept);
      Incoming incoming = next.incoming().orElseThrow();
      assertThat(
              incoming.restoreBlob("anything").orElseThrow().bytes().toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(tree.blob());
      incoming.forEachUnclaimed((order, address, bytes) -> {
        throw new AssertionError("0x%x was claimed by nobody".formatted(address));
      });
      incoming.finish();
      next.handOver();
      assertThat(Handovers.find(memory))
          .extracting(Handover::version)
          .containsExactly(nextLayout.version());
    }
  }

  private static void blob(Generation generation, String name, byte[] bytes) {
    Folio folio = generation.addBlob(name, bytes.length);
    MemorySegment.copy(bytes, 0, generation.segment(folio), ValueLayout.JAVA_BYTE, 0, bytes.length);
  }

  private static Kept preserve(
      Generation generation, RandomGenerator random, Map<Long, Integer> blocks) {
    PageSize pageSize = generation.pageSize();
    Map<Long, Integer> folios = new TreeMap<>();
    Map<Long, Long> runs = new TreeMap<>();
    List<Descriptor> areas = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Folio folio = generation.allocate(random.nextInt(5));
      mark(generation, folio.address());
      switch (random.nextInt(4)) {
        case 0 -> {
          generation.preserve(folio);
          if (random.nextBoolean()) {
            folios.put(folio.address(), folio.order());
            blocks.put(folio.address(), folio.order());
          } else {
            generation.unpreserve(folio);
          }
        }
        case 1 -> {
          long bytes = folio.bytes(pageSize);
          generation.preservePages(folio.address(), bytes);
          runs.put(folio.address(), bytes);
          blocks.put(folio.address(), folio.order());
        }
        case 2 -> {
          OwnedArea area = generation.areaOf(List.of(folio));
          if (generation.layout().has(KhoFeature.VMALLOC)) {
            Descriptor descriptor = generation.preserve(area);
            areas.add(descriptor);
            blocks.put(folio.address(), folio.order());
            blocks.put(descriptor.first(), 0);
          }
        }
        default -> {}
      }
    }
    return new Kept(folios, runs, areas);
  }

  private static void mark(Generation generation, long address) {
    generation.memory().writable(address, 8).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, ~address);
  }

  private static void restore(Generation generation, Kept kept) {
    Incoming incoming = generation.incoming().orElseThrow();
    kept.folios.forEach((address, order) -> {
      assertThat(incoming.restoreFolio(address)).isEqualTo(new Folio(address, order));
      checkMark(generation, address);
    });
    kept.runs.forEach((address, bytes) -> {
      incoming.restorePages(address, bytes);
      checkMark(generation, address);
      assertThatThrownBy(() -> incoming.restorePages(address, bytes))
          .isInstanceOf(PreservationException.class);
    });
    kept.areas.forEach(descriptor -> {
      Runs runs = incoming.restore(descriptor).runs();
      for (int run = 0; run < runs.count(); run++) {
        checkMark(generation, runs.address(run));
      }
    });
  }

  private static void checkMark(Generation generation, long address) {
    assertThat(generation.memory().read(address, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0))
        .isEqualTo(~address);
  }

  /** Every byte of chunks and bitmaps as the contract has them (ABI-HISTORY 6.1). */
  @Test
  void writesBitmapsOf512BytesByTheContract() throws IOException {
    try (WritableMemory memory = memory(PageSize.SIZE_4K)) {
      Map<String, Long> placed =
          Map.of(
              "/",
              BASE + 0x200000,
              "/preserved-memory-map",
              BASE + 0x201000,
              "/preserved-memory-map/bitmaps 0",
              BASE + 0x202000,
              "/preserved-memory-map/chunk 1",
              BASE + 0x203000);
      Generation generation =
          Generation.first(
              memory,
              setup(PageSize.SIZE_4K, KhoLayout.of("kho-v1@6.16").orElseThrow())
                  .withPlacement(path ->
                      placed.containsKey(path)
                          ? OptionalLong.of(placed.get(path))
                          : OptionalLong.empty()));
      assertThat(generation.outgoing().mapState()).isEqualTo(Handover.MapState.NOT_FINALIZED);
      generation.preserve(generation.allocateAt(BASE + 0x300000, 3));
      generation.preserve(generation.allocateAt(BASE + 0x205000, 0));
      Folio taken = generation.allocateAt(BASE + 0x400000, 5);
      generation.preserve(taken);
      generation.unpreserve(taken);

      generation.handOver();

      Map<Long, Long> expected = new TreeMap<>();
      // Chunk 0: order 0, one bitmap of 4096 pages from the start of memory on.
      expected.put(BASE + 0x201000, BASE + 0x203000);
      expected.put(BASE + 0x201008, 1L << 32);
      expected.put(BASE + 0x201010, BASE);
      expected.put(BASE + 0x201018, BASE + 0x202200);
      // Chunk 1: order 3. Chunk 2: order 5, whose bitmap is empty.
      expected.put(BASE + 0x203008, 1L << 32 | 3);
      expected.put(BASE + 0x203010, BASE);
      expected.put(BASE + 0x203018, BASE + 0x202400);
      // Pages 0x200 and 0x205 of memory, and the block 0x60 of 32 KiB.
      expected.put(BASE + 0x202200 + 0x200 / 8, 1L | 1L << 5);
      expected.put(BASE + 0x202400 + 0x60 / 64 * 8, 1L << 0x60 % 64);
      long last = u64(memory, BASE + 0x203000);
      expected.put(BASE + 0x203000, last);
      for (long at = BASE + 0x201000; at < BASE + 0x204000; at += 8) {
        assertThat(u64(memory, at)).as("at 0x%x", at).isEqualTo(expected.getOrDefault(at, 0L));
      }
      assertThat(u64(memory, last)).isZero();
      assertThat(u64(memory, last + 8)).isEqualTo(1L << 32 | 5);
      assertThat(u64(memory, last + 24)).isEqualTo(BASE + 0x202600);
      assertThat(
              Handovers.of(memory, List.of(RootSearch.at(memory, BASE + 0x200000)), null)
                  .getFirst()
                  .preservedMap()
                  .root())
          .isEqualTo(BASE + 0x201000);
    }
  }

  private static long u64(WritableMemory memory, long address) {
    return memory.read(address, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
  }

  /** Kernels up to 6.18 write the tree when it is finalized; later ones add to it all the time. */
  @Test
  void subtreesStandInTheOrderOfTheLayoutsReleases() throws IOException {
    try (WritableMemory memory = memory(PageSize.SIZE_4K)) {
      for (KhoLayout layout : KhoLayout.all()) {
        Generation generation = Generation.first(memory, setup(PageSize.SIZE_4K, layout));
        for (String name : List.of("first", "removed", "second", "third")) {
          blob(generation, name, Tree.compatible("x").blob());
        }
        generation.removeSubtree("removed");
        generation.handOver();

        List<String> names =
            generation
                .outgoing()
                .subtrees(problem -> {
                  throw problem;
                })
                .stream()
                .map(Subtree::name)
                .filter(name -> !name.equals("kexec-metadata"))
                .toList();
        assertThat(names)
            .as(layout.id())
            .isEqualTo(
                layout.releases().includes("6.16") || layout.releases().includes("6.17.9")
                    ? List.of("first", "second", "third")
                    : List.of("third", "second", "first"));
      }
    }
  }

  /** The root FDT's page of 6.16, as another program computed it from the contract. */
  @Test
  void writesARootFdtFromFrontToBackToTheByte() throws IOException {
    long base = 0x20000000;
    try (PhysicalMemory vector =
            MemoryImages.open(Path.of("../vectors/handover/linux-6.16-4k.elf.zst"));
        WritableMemory memory = WritableMemory.allocate(base, 0x100000)) {
      Map<String, Long> placed =
          Map.of("/", base, "/memblock", base + 0x28000, "/preserved-memory-map", base + 0x29000);
      Setup setup =
          Setup.of(
                  PageSize.SIZE_4K,
                  List.of(new AddressRange(base + 0x80000, 0x20000)),
                  "not written")
              .withLayout(KhoLayout.of("kho-v1@6.16").orElseThrow())
              .withPlacement(path ->
                  placed.containsKey(path)
                      ? OptionalLong.of(placed.get(path))
                      : OptionalLong.empty());
      Generation generation = Generation.first(memory, setup);
      blob(generation, "memblock", Tree.compatible("memblock-v1").blob());
      generation.handOver();

      assertThat(memory.read(base, 4096).mismatch(vector.read(base, 4096))).isEqualTo(-1);
    }
  }

  /** 300 bitmaps of one order: more than the 255 of a chunk. */
  @Test
  void startsAnotherChunkWhenOneIsFull() throws IOException {
    long step = 16L << 20;
    try (WritableMemory memory = sparse(0, 300 * step)) {
      Generation generation =
          Generation.first(
              memory,
              Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(0x100000, 0x10000)), "many")
                  .withLayout(KhoLayout.of("kho-v1@6.16").orElseThrow()));
      for (int i = 0; i < 300; i++) {
        generation.preserve(generation.allocateAt(i * step + 0x800000, 0));
      }
      generation.handOver();

      Handover handover = generation.outgoing();
      long chunk = handover.preservedMap().root();
      assertThat(u64(memory, chunk + 8)).isEqualTo(255L << 32);
      long next = u64(memory, chunk);
      assertThat(u64(memory, next + 8)).isEqualTo(45L << 32);
      assertThat(u64(memory, next + 16)).isEqualTo(255 * step);
      assertThat(u64(memory, next)).isZero();
      assertThat(handover.preservedMap().summary().blocks().total()).isEqualTo(301);
    }
  }

  @Test
  void aLayoutWithoutVmallocAreasRefusesThem() throws IOException {
    try (WritableMemory memory = memory(PageSize.SIZE_4K)) {
      Generation generation =
          Generation.first(
              memory, setup(PageSize.SIZE_4K, KhoLayout.of("kho-v1@6.16").orElseThrow()));
      OwnedArea area = generation.vmalloc(4096, 0);
      assertThatThrownBy(() -> generation.preserve(area))
          .isInstanceOf(PreservationException.class)
          .hasMessageContaining("kho-v1@6.16 (Linux 6.16 to 6.17.8) has no vmalloc areas");
    }
  }

  @Test
  void aBlobThatDoesNotTellItsSizeIsRefusedAtTheHandOver() throws IOException {
    try (WritableMemory memory = memory(PageSize.SIZE_4K)) {
      Generation generation =
          Generation.first(memory, setup(PageSize.SIZE_4K, KhoLayout.of("kho-v2").orElseThrow()));
      Folio blob = generation.addBlob("text", 40);
      assertThatThrownBy(generation::handOver)
          .isInstanceOf(PreservationException.class)
          .hasMessageContaining(
              "the blob is not a device tree, and kho-v2 stores no other size of a blob");

      MemorySegment.copy(
          Tree.compatible("x").blob(), 0, generation.segment(blob), ValueLayout.JAVA_BYTE, 0, 40);
      generation.removeSubtree("text");
      generation.handOver();
    }
  }

  @Test
  void aBlobWithABrokenHeaderIsRefusedAtTheHandOver() throws IOException {
    try (WritableMemory memory = memory(PageSize.SIZE_4K)) {
      KhoLayout v1 = KhoLayout.of("kho-v1@6.18").orElseThrow();
      Generation generation = Generation.first(memory, setup(PageSize.SIZE_4K, v1));
      blob(generation, "tree", Tree.compatible("x").blob());
      Folio blob = generation.addBlob("broken", 100);
      MemorySegment.copy(
          Tree.compatible("x").blob(), 0, generation.segment(blob), ValueLayout.JAVA_BYTE, 0, 40);
      generation.segment(blob).set(ValueLayout.JAVA_INT, 4, 0);
      assertThatThrownBy(generation::handOver)
          .isInstanceOf(PreservationException.class)
          .hasMessage(
              ("/broken at 0x%x: the blob's header is broken, and kho-v1 stores no other size of a"
                          + " blob: a total")
                      .formatted(blob.address())
                  + " size of 0 is less than the header's 40");
      assertThat(generation.outgoing().mapState()).isEqualTo(Handover.MapState.NOT_FINALIZED);

      generation.removeSubtree("broken");
      generation.handOver();
    }
  }

  /** Without the bit of order 0, a large block's key is the number of some page. */
  @Test
  void aTreeThatLosesTheBitOfOrderZeroRefusesBlocksThatLookLikePages() throws IOException {
    long block = 16384L << 13;
    try (WritableMemory memory = sparse(0, 4 * block)) {
      Setup setup =
          Setup.of(PageSize.SIZE_16K, List.of(new AddressRange(0x100000, 0x40000)), "short");
      KhoLayout v2 = KhoLayout.of("kho-v2").orElseThrow();
      Generation generation = Generation.first(memory, setup.withLayout(v2));
      generation.allocateAt(2 * block, 13);
      assertThatThrownBy(() -> generation.preservePages(2 * block, block))
          .isInstanceOf(PreservationException.class)
          .hasMessageContaining(
              "a block of order 13 cannot be in a map of this form, which has room for orders up to 12");

      generation.preservePages(2 * block, block / 2);
      generation.handOver();
      assertThat(State.blocks(generation.outgoing())).containsEntry(2 * block, 12);
    }
  }

  /** A failed hand-over leaves a map that can still be changed. */
  @Test
  void aHandOverThatFailsHasFinalizedNothing() throws IOException {
    try (WritableMemory memory = memory(PageSize.SIZE_4K)) {
      Generation generation =
          Generation.first(
              memory, setup(PageSize.SIZE_4K, KhoLayout.of("kho-v1@6.18").orElseThrow()));
      long free = generation.freePages();
      List<Folio> all = new ArrayList<>();
      while (generation.freePages() > 0) {
        all.add(generation.allocate(0));
      }
      assertThatThrownBy(generation::handOver).isInstanceOf(OutOfPagesException.class);
      assertThat(generation.outgoing().mapState()).isEqualTo(Handover.MapState.NOT_FINALIZED);

      all.forEach(generation::free);
      assertThat(generation.freePages()).isEqualTo(free);
      generation.handOver();
      assertThat(generation.outgoing().mapState()).isEqualTo(Handover.MapState.INTACT);
    }
  }
}
