package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.generation.GenerationModel.Thing;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.OutOfPagesException;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.WritableMemory;

/** Random operations through generations, each compared with a naive model. */
class GenerationModelTest {

  private static final int STEPS = 150;

  private static final class Abandoned extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private RandomGenerator random;
  private GenerationModel model;
  private Generation generation;
  private KhoLayout layout;
  private PageSize pageSize;

  /** Every layout with every page size, on memory in order and on scattered memory. */
  static List<Arguments> runs() {
    List<Arguments> runs = new ArrayList<>();
    for (KhoLayout layout : KhoLayout.all()) {
      for (PageSize pageSize : PageSize.values()) {
        for (boolean scattered : new boolean[] {false, true}) {
          int seed = runs.size() + 1;
          runs.add(Arguments.of(layout, pageSize, seed, scattered, seed % 3));
        }
      }
    }
    return runs;
  }

  @ParameterizedTest(name = "{0}, {1} pages, seed {2}, scattered {3}, {4} borders")
  @MethodSource("runs")
  void agreesWithANaiveModel(
      KhoLayout newLayout, PageSize size, long seed, boolean scattered, int borders) {
    random = new SplittableRandom(seed);
    layout = newLayout;
    pageSize = size;
    int pages = (size == PageSize.SIZE_4K ? 700 : 250) + random.nextInt(100);
    long base = random.nextInt(3) * 0x40000000L;
    try (WritableMemory memory = WritableMemory.allocate(base, pages * (long) size.bytes())) {
      memory.writable(base, memory.size()).fill((byte) 0x5a);
      start(memory, seed, scattered, borders);
      int step = 0;
      try {
        for (; step < STEPS; step++) {
          if (random.nextInt(30) == 0) {
            next();
          } else {
            step();
          }
          if (step % 5 == 0) {
            model.check(generation);
          }
        }
        next();
        model.check(generation);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed %d, step %d".formatted(seed, step), e);
      }
    }
  }

  private void start(WritableMemory memory, long seed, boolean scattered, int borders) {
    long page = pageSize.bytes();
    // The array of regions is put at a multiple of 64 KiB.
    long first = memory.base() + random.nextInt(1, 4) * 0x10000L;
    List<AddressRange> scratch =
        List.of(
            new AddressRange(first, random.nextInt(1, 9) * page),
            new AddressRange(first, 0),
            new AddressRange(first + random.nextInt(20, 50) * page, 5 * page));
    List<AddressRange> nodes = new ArrayList<>();
    long at = memory.base();
    for (int border = 0; border < borders; border++) {
      long length = random.nextInt(60, 110) * page;
      nodes.add(new AddressRange(at, length));
      at += length;
    }
    if (borders > 0) {
      nodes.add(new AddressRange(at, memory.base() + memory.size() - at));
    }
    Setup setup = Setup.of(pageSize, scratch, "model").withNodes(nodes).withLayout(layout);
    generation = Generation.first(memory, scattered ? setup.scattered(seed) : setup);
    model = new GenerationModel(memory, layout, pageSize, scratch, nodes, random);
  }

  private void step() {
    int kind = random.nextInt(16);
    switch (kind) {
      case 0, 1, 2, 3 -> allocate();
      case 4, 5, 6, 7, 8 -> {
        if (!model.things.isEmpty()) {
          toggle(model.pick());
        }
      }
      case 9 -> addBlob();
      case 10, 11 -> free();
      case 12, 13 -> refused();
      default -> abandon();
    }
  }

  private void allocate() {
    long mark = model.newMark();
    int order = random.nextInt(random.nextInt(5) + 1);
    State before = random.nextInt(10) == 0 ? State.of(generation) : null;
    try {
      Thing thing =
          switch (random.nextInt(3)) {
            case 0 -> Thing.of(mark, generation.allocate(order), pageSize);
            case 1 -> Thing.run(mark, run(order));
            default ->
                Thing.of(
                    mark,
                    generation.vmalloc(
                        random.nextLong(1, 40) * pageSize.bytes() - random.nextInt(99), order),
                    pageSize);
          };
      model.things.add(thing);
      model.fill(thing);
    } catch (OutOfPagesException e) {
      if (before != null) {
        assertThat(State.of(generation)).isEqualTo(before);
      }
    }
  }

  /** Some pages out of the middle of a block. */
  private AddressRange run(int order) {
    Folio folio = generation.allocate(order);
    int pages = 1 << order;
    int first = random.nextInt(pages);
    int end = random.nextInt(first, pages) + 1;
    for (int page = 0; page < pages; page++) {
      if (page < first || page >= end) {
        generation.free(new Folio(folio.address() + page * (long) pageSize.bytes(), 0));
      }
    }
    return new AddressRange(
        folio.address() + first * (long) pageSize.bytes(), (end - first) * (long) pageSize.bytes());
  }

  private void toggle(Thing thing) {
    State before = random.nextInt(10) == 0 ? State.of(generation) : null;
    try {
      if (!thing.preserved) {
        preserve(thing);
      } else if (thing.subtree == null) {
        unpreserve(thing);
      } else {
        generation.removeSubtree(thing.subtree);
        thing.subtree = null;
      }
    } catch (OutOfPagesException e) {
      if (before != null) {
        assertThat(State.of(generation)).isEqualTo(before);
      }
    }
  }

  private void preserve(Thing thing) {
    if (thing.folio != null) {
      generation.preserve(thing.folio);
    } else if (thing.area != null && !generation.layout().has(KhoFeature.VMALLOC)) {
      assertThatThrownBy(() -> generation.preserve(thing.area))
          .isInstanceOf(PreservationException.class)
          .hasMessageContaining("has no vmalloc areas");
      return;
    } else if (thing.area != null) {
      thing.descriptor = generation.preserve(thing.area);
    } else {
      AddressRange run = thing.units.getFirst();
      generation.preservePages(run.address(), run.length());
    }
    thing.preserved = true;
  }

  private void unpreserve(Thing thing) {
    if (thing.folio != null) {
      generation.unpreserve(thing.folio);
    } else if (thing.area != null) {
      generation.unpreserve(thing.descriptor, thing.area);
    } else {
      AddressRange run = thing.units.getFirst();
      generation.unpreservePages(run.address(), run.length());
    }
    thing.preserved = false;
  }

  private void addBlob() {
    State before = State.of(generation);
    long mark = model.newMark();
    String name = "blob-" + (mark >>> 32);
    try {
      int size = random.nextInt(Fdt.HEADER_SIZE, 3 * pageSize.bytes());
      Thing thing = Thing.blob(mark, generation.addBlob(name, size), pageSize, name, size);
      model.fill(thing);
      model.things.add(thing);
    } catch (OutOfPagesException | PreservationException e) {
      assertThat(State.of(generation)).isEqualTo(before);
    }
  }

  private void free() {
    if (model.things.isEmpty()) {
      return;
    }
    Thing thing = model.pick();
    if (thing.preserved) {
      refused();
      return;
    }
    free(thing);
  }

  private void free(Thing thing) {
    if (random.nextBoolean()) {
      release(thing);
    } else {
      generation.atomically(() -> {
        release(thing);
        assertThatThrownBy(() -> release(thing)).isInstanceOf(PreservationException.class);
        if (thing.area == null || layout.has(KhoFeature.VMALLOC)) {
          assertThatThrownBy(() -> preserve(thing)).isInstanceOf(PreservationException.class);
        }
      });
    }
    model.things.remove(thing);
  }

  private void release(Thing thing) {
    if (thing.folio != null) {
      generation.free(thing.folio);
    } else if (thing.area != null) {
      generation.free(thing.area);
    } else {
      AddressRange run = thing.units.getFirst();
      for (long page = run.address(); page < run.end(); page += pageSize.bytes()) {
        generation.free(new Folio(page, 0));
      }
    }
  }

  /** What a generation must refuse, and no trace of it may remain. */
  private void refused() {
    State before = State.of(generation);
    AddressRange region = model.scratch.getFirst();
    Thing thing = model.things.stream().filter(one -> one.preserved).findAny().orElse(null);
    long page = thing == null ? region.address() : thing.units.getLast().address();
    long root = generation.outgoing().root().address();
    Runnable operation =
        switch (random.nextInt(8)) {
          case 0 -> () -> generation.preserve(new Folio(page, 0));
          case 1 -> () -> generation.preservePages(page - pageSize.bytes(), 2L * pageSize.bytes());
          case 2 -> () -> generation.preserve(generation.areaOf(List.of(new Folio(page, 0))));
          case 3 -> () -> generation.free(new Folio(page, 0));
          case 4 -> () -> generation.free(new Folio(root, 0));
          case 5 -> () -> generation.preserve(new Folio(root, 0));
          case 6 -> () -> generation.unpreserve(new Folio(root, 0));
          default -> () -> generation.addSubtree("no-blob", region.address(), 1);
        };
    try {
      operation.run();
      throw new AssertionError("not refused: page 0x%x of %s".formatted(page, thing));
    } catch (PreservationException e) {
      assertThat(e).hasMessageContaining("0x");
    }
    assertThat(State.of(generation)).isEqualTo(before);
  }

  /** Several operations that are given up together. */
  private void abandon() {
    State before = State.of(generation);
    try {
      generation.atomically(() -> {
        for (int i = random.nextInt(4); i >= 0; i--) {
          if (!model.things.isEmpty() && random.nextBoolean()) {
            Thing thing = model.pick();
            boolean preserved = thing.preserved;
            Descriptor descriptor = thing.descriptor;
            String subtree = thing.subtree;
            try {
              if (!thing.preserved && random.nextBoolean()) {
                release(thing);
              } else {
                toggleInside(thing);
              }
            } finally {
              thing.preserved = preserved;
              thing.descriptor = descriptor;
              thing.subtree = subtree;
            }
          } else {
            generation.addBlob("abandoned-" + i, 1 + random.nextInt(9000));
            generation.preserve(generation.vmalloc(random.nextInt(1, 900_000), 0));
          }
        }
        throw new Abandoned();
      });
    } catch (Abandoned | OutOfPagesException | PreservationException e) {
      assertThat(State.of(generation)).isEqualTo(before);
    }
  }

  private void toggleInside(Thing thing) {
    if (thing.preserved && thing.subtree == null) {
      unpreserve(thing);
    } else if (thing.preserved) {
      generation.removeSubtree(thing.subtree);
    } else {
      preserve(thing);
    }
  }

  private void next() {
    model.check(generation);
    BootData boot = handOver();
    model.checkHandover(generation);
    if (random.nextBoolean()) {
      layout = KhoLayout.all().get(random.nextInt(KhoLayout.all().size()));
    }
    Setup setup =
        Setup.of(PageSize.SIZE_4K, List.of(), "model").withNodes(model.nodes).withLayout(layout);
    try {
      generation =
          Generation.boot(
              model.memory,
              boot,
              random.nextBoolean() ? setup.scattered(random.nextLong()) : setup);
    } catch (OutOfPagesException e) {
      // The pages that this generation keeps for itself leave no room for the next one's.
      throw new AssertionError("no room for another generation", e);
    }
    Incoming incoming = generation.incoming().orElseThrow();
    assertThat(incoming.kexecCount()).isEqualTo(model.kexecCount);
    assertThat(generation.scratch()).isEqualTo(model.scratch);
    model.restore(incoming);
    model.changeLayout(layout);
    model.check(generation);
  }

  /** A map that is finalized needs pages for its chunks: things are dropped until there are. */
  private BootData handOver() {
    while (true) {
      State before = State.of(generation);
      try {
        return generation.handOver();
      } catch (OutOfPagesException e) {
        assertThat(State.of(generation)).isEqualTo(before);
        drop(model.pick());
      }
    }
  }

  private void drop(Thing thing) {
    if (thing.subtree != null) {
      generation.removeSubtree(thing.subtree);
    }
    if (thing.preserved) {
      unpreserve(thing);
    }
    free(thing);
  }
}
