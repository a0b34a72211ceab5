package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.handmade.Tree;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.WritableMemory;

/** What a generation owns and preserves, noted in the plainest way. */
final class GenerationModel {

  private static final ValueLayout.OfLong NUMBER = ValueLayout.JAVA_LONG_UNALIGNED;

  /** Something that a generation owns: a folio, a run of pages or an area. */
  static final class Thing {
    /** The blocks that are preserved as folios or units of their own, or one run of pages. */
    final List<AddressRange> units = new ArrayList<>();

    final long mark;
    Folio folio;
    OwnedArea area;
    Descriptor descriptor;
    boolean preserved;
    String subtree;
    int blobBytes;

    Thing(long mark) {
      this.mark = mark;
    }

    static Thing of(long mark, Folio folio, PageSize pageSize) {
      Thing thing = new Thing(mark);
      thing.folio = folio;
      thing.units.add(new AddressRange(folio.address(), folio.bytes(pageSize)));
      return thing;
    }

    /** A blob that is handed over: says its size itself, as old kernels want it. */
    static Thing blob(long mark, Folio folio, PageSize pageSize, String name, int bytes) {
      Thing thing = of(mark, folio, pageSize);
      thing.preserved = true;
      thing.subtree = name;
      thing.blobBytes = bytes;
      return thing;
    }

    static Thing run(long mark, AddressRange range) {
      Thing thing = new Thing(mark);
      thing.units.add(range);
      return thing;
    }

    static Thing of(long mark, OwnedArea area, PageSize pageSize) {
      Thing thing = new Thing(mark);
      thing.area = area;
      thing.readUnits(pageSize);
      return thing;
    }

    private void readUnits(PageSize pageSize) {
      long blockBytes = pageSize.blockBytes(area.order());
      for (int run = 0; run < area.runs().count(); run++) {
        for (long at = 0; at < area.runs().length(run); at += blockBytes) {
          units.add(new AddressRange(area.runs().address(run) + at, blockBytes));
        }
      }
    }

    @Override
    public String toString() {
      return "%s of %s%s"
          .formatted(
              folio != null ? "folio" : area != null ? "area" : "run",
              units,
              preserved ? ", preserved" : "");
    }
  }

  final WritableMemory memory;
  final PageSize pageSize;
  final List<AddressRange> scratch;
  final List<AddressRange> nodes;
  final RandomGenerator random;
  final List<Thing> things = new ArrayList<>();
  private KhoLayout layout;

  /** What the generation hands over: 0 where the layout has no place for it. */
  long kexecCount;

  private long marks;

  GenerationModel(
      WritableMemory memory,
      KhoLayout layout,
      PageSize pageSize,
      List<AddressRange> scratch,
      List<AddressRange> nodes,
      RandomGenerator random) {
    this.memory = memory;
    this.layout = layout;
    this.kexecCount = layout.has(KhoFeature.METADATA) ? 1 : 0;
    this.pageSize = pageSize;
    this.scratch = scratch;
    this.nodes = nodes;
    this.random = random;
  }

  /** The layout of a generation that was handed what this one has. */
  void changeLayout(KhoLayout newLayout) {
    layout = newLayout;
    kexecCount = layout.has(KhoFeature.METADATA) ? kexecCount + 1 : 0;
  }

  long newMark() {
    return ++marks << 32;
  }

  Thing pick() {
    return things.get(random.nextInt(things.size()));
  }

  /** Writes a number of its own near the start and at the end of every page of a thing. */
  void fill(Thing thing) {
    if (thing.subtree != null) {
      byte[] header = Tree.compatible("model-v1").blob();
      ByteBuffer.wrap(header).putInt(4, thing.blobBytes);
      memory
          .writable(thing.folio.address(), Fdt.HEADER_SIZE)
          .copyFrom(MemorySegment.ofArray(header).asSlice(0, Fdt.HEADER_SIZE));
    }
    long[] number = {thing.mark};
    forEachPage(
        thing,
        page -> {
          memory.writable(page + Fdt.HEADER_SIZE, 8).set(NUMBER, 0, ++number[0]);
          memory.writable(page + pageSize.bytes() - 8, 8).set(NUMBER, 0, ~number[0]);
        });
  }

  void checkContent(Thing thing) {
    long[] number = {thing.mark};
    forEachPage(
        thing,
        page -> {
          assertThat(memory.read(page + Fdt.HEADER_SIZE, 8).get(NUMBER, 0))
              .as("content of page 0x%x of %s", page, thing)
              .isEqualTo(++number[0]);
          assertThat(memory.read(page + pageSize.bytes() - 8, 8).get(NUMBER, 0))
              .isEqualTo(~number[0]);
        });
    if (thing.area != null) {
      try (Arena arena = Arena.ofConfined()) {
        byte[] last = new byte[8];
        thing.area.map(arena).copyTo(thing.area.bytes() - 8, MemorySegment.ofArray(last));
        assertThat(MemorySegment.ofArray(last).get(NUMBER, 0)).isEqualTo(~number[0]);
      }
    }
  }

  private void forEachPage(Thing thing, java.util.function.LongConsumer visitor) {
    for (AddressRange unit : thing.units) {
      for (long page = unit.address(); page < unit.end(); page += pageSize.bytes()) {
        visitor.accept(page);
      }
    }
  }

  /** Compares everything that the generation says with what it must say. */
  void check(Generation generation) {
    BitSet taken = checkHandover(generation);
    if (generation.outgoing().hasMap() && random.nextInt(8) == 0) {
      assertThat(State.taken(generation)).isEqualTo(taken);
    }
  }

  /**
   * Compares the outgoing handover with what it must be. A map that is finalized later is compared
   * when it has been handed over; until then, some pages are its own.
   *
   * @return the pages that must be taken
   */
  BitSet checkHandover(Generation generation) {
    Handover handover = generation.outgoing();
    boolean readable = handover.hasMap();
    Map<Long, Integer> blocks = new TreeMap<>();
    blocks.put(handover.root().address(), 0);
    List<String> names = new ArrayList<>();
    handover
        .subtree("kexec-metadata")
        .ifPresent(metadata -> {
          blocks.put(metadata.address(), 0);
          names.add(metadata.name());
        });
    assertThat(handover.version()).isEqualTo(layout.version());
    assertThat(names).hasSize(layout.has(KhoFeature.METADATA) ? 1 : 0);
    assertThat(readable || layout.version().finalized()).isTrue();
    BitSet taken = new BitSet();
    for (Thing thing : things) {
      checkContent(thing);
      forEachPage(thing, page -> taken.set(index(page)));
      if (thing.subtree != null) {
        names.add(thing.subtree);
      }
      if (thing.preserved) {
        for (AddressRange unit : thing.units) {
          addBlocks(blocks, unit, thing.folio != null);
        }
        if (thing.area != null) {
          chunks(generation, thing).forEach(chunk -> blocks.put(chunk, 0));
        }
      }
    }
    State.mapPages(handover).forEach(page -> taken.set(index(page)));
    blocks.forEach((address, order) -> taken.set(index(address), index(address) + (1 << order)));
    if (memory.base() == 0) {
      taken.set(0);
    }
    scratch.forEach(region -> {
      for (long page = region.address(); page < region.end(); page += pageSize.bytes()) {
        taken.set(index(page));
      }
    });

    assertThat(State.blocks(handover)).isEqualTo(readable ? blocks : Map.of());
    assertThat(
            handover.subtrees(problem -> {
              throw problem;
            }))
        .extracting(Subtree::name)
        .containsExactlyInAnyOrderElementsOf(names);
    long others = memory.size() / pageSize.bytes() - taken.cardinality();
    if (!readable) {
      assertThat(generation.freePages()).isLessThan(others);
      return taken;
    }
    assertThat(generation.freePages()).isEqualTo(others);
    return taken;
  }

  /** The pages that list an area, read with the readers; the blocks in them must be the area's. */
  private List<Long> chunks(Generation generation, Thing thing) {
    PreservedArea area =
        PreservedArea.of(generation.outgoing().memory(), Where.ROOT, thing.descriptor);
    List<Long> chunks = new ArrayList<>();
    List<AddressRange> read = new ArrayList<>();
    long blockBytes = pageSize.blockBytes(area.descriptor().order());
    area.forEachRun(
        (order, address, length) -> {
          for (long at = 0; at < length; at += blockBytes) {
            read.add(new AddressRange(address + at, blockBytes));
          }
        },
        chunks::add);
    assertThat(read).isEqualTo(thing.units);
    return chunks;
  }

  private void addBlocks(Map<Long, Integer> blocks, AddressRange unit, boolean folio) {
    if (folio) {
      blocks.put(unit.address(), Long.numberOfTrailingZeros(unit.length()) - pageSize.shift());
      return;
    }
    for (long at = unit.address(); at < unit.end(); ) {
      int order = 40 - pageSize.shift();
      while (at % pageSize.blockBytes(order) != 0
          || at + pageSize.blockBytes(order) > unit.end()
          || (layout.has(KhoFeature.SPLIT_AT_NODES)
              && node(at) != node(at + pageSize.blockBytes(order) - 1))) {
        order--;
      }
      blocks.put(at, order);
      at += pageSize.blockBytes(order);
    }
  }

  private int node(long address) {
    for (int node = 0; node < nodes.size(); node++) {
      if (nodes.get(node).overlaps(address, 1)) {
        return node;
      }
    }
    return -1;
  }

  int index(long address) {
    return (int) ((address - memory.base()) / pageSize.bytes());
  }

  /** The next generation restores what was preserved, in any order, and some of it not at all. */
  void restore(Incoming incoming) {
    things.removeIf(thing -> !thing.preserved);
    Map<Long, Integer> unclaimed = new TreeMap<>();
    List<Thing> restored = new ArrayList<>();
    List<Thing> shuffled = new ArrayList<>(things);
    java.util.Collections.shuffle(shuffled, new java.util.Random(random.nextLong()));
    for (Thing thing : shuffled) {
      if (random.nextInt(6) == 0) {
        thing.units.forEach(unit -> addBlocks(unclaimed, unit, thing.folio != null));
        if (thing.area != null) {
          incomingChunks(incoming, thing).forEach(chunk -> unclaimed.put(chunk, 0));
        }
        continue;
      }
      restore(incoming, thing);
      assertThatThrownBy(() -> restore(incoming, thing))
          .isInstanceOfAny(
              PreservationException.class, org.kho4j.handover.wire.HandoverException.class);
      thing.preserved = false;
      thing.subtree = null;
      thing.descriptor = null;
      checkContent(thing);
      restored.add(thing);
    }
    things.clear();
    things.addAll(restored);
    Map<Long, Integer> left = new TreeMap<>();
    incoming.forEachUnclaimed((order, address, bytes) -> {
      for (long at = 0; at < bytes; at += pageSize.blockBytes(order)) {
        left.put(address + at, order);
      }
    });
    assertThat(left).isEqualTo(unclaimed);
    incoming.releaseUnclaimed();
  }

  private static List<Long> incomingChunks(Incoming incoming, Thing thing) {
    List<Long> chunks = new ArrayList<>();
    PreservedArea.of(incoming.handover().memory(), Where.ROOT, thing.descriptor)
        .forEachRun((order, address, length) -> {}, chunks::add);
    return chunks;
  }

  private void restore(Incoming incoming, Thing thing) {
    if (thing.subtree != null) {
      Incoming.RestoredBlob blob = incoming.restoreBlob(thing.subtree).orElseThrow();
      assertThat(blob.folio()).isEqualTo(thing.folio);
      assertThat(blob.bytes().byteSize()).isEqualTo(thing.blobBytes);
    } else if (thing.folio != null) {
      assertThat(incoming.restoreFolio(thing.folio.address())).isEqualTo(thing.folio);
    } else if (thing.area != null) {
      OwnedArea area = incoming.restore(thing.descriptor);
      List<AddressRange> units = List.copyOf(thing.units);
      thing.area = area;
      thing.units.clear();
      thing.readUnits(pageSize);
      assertThat(thing.units).isEqualTo(units);
    } else {
      incoming.restorePages(thing.units.getFirst().address(), thing.units.getFirst().length());
    }
  }
}
