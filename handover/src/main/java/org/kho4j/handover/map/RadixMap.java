package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/**
 * The preserved map since kho-v2: a radix tree of pages, see {@link KhoRadix}.
 *
 * <p>A tree that lacks a level (16K pages before 7.1) has no room for the bit that marks order 0.
 * Its keys below 2^38 are read as those of single pages. Blocks of order 13 or more have keys in
 * that range too: nothing distinguishes them.
 */
final class RadixMap implements PreservedMap {

  private final HandoverMemory memory;
  private final PageSize pageSize;
  private final long root;
  private final MapForm form;
  private final int depth;
  private final boolean losesOrderZero;

  RadixMap(HandoverMemory memory, long root, MapForm form) {
    this.memory = memory;
    this.pageSize = memory.pageSize();
    this.root = root;
    this.form = form;
    this.depth = form.depth(pageSize);
    this.losesOrderZero = KhoRadix.losesOrderZero(pageSize, depth);
  }

  private static void ignore(long address, int level, long key) {}

  private static void raise(HandoverException problem) {
    throw problem;
  }

  @Override
  public MapForm form() {
    return form;
  }

  @Override
  public boolean showsPageSize() {
    return true;
  }

  @Override
  public long root() {
    return root;
  }

  @Override
  public void forEachRun(RunVisitor visitor) {
    RunCollector runs = new RunCollector(pageSize, pageSize.bytes(), visitor);
    new Walk(RadixMap::ignore, runs, RadixMap::raise).tree();
    runs.flush();
  }

  @Override
  public Stream<BlockRun> runs() {
    LeafList leaves = leaves();
    new Walk(RadixMap::ignore, leaves, RadixMap::raise).tree();
    return leaves.runs();
  }

  @Override
  public MapSummary summary() {
    List<HandoverException> problems = new ArrayList<>();
    LeafList leaves = leaves();
    long nodes = new Walk(RadixMap::ignore, leaves, problems::add).tree();
    return new MapSummary(nodes, leaves.count(problems::add), problems);
  }

  private LeafList leaves() {
    return new LeafList(memory, place(0), pageSize.bytes());
  }

  @Override
  public void forEachNode(NodeVisitor visitor) {
    new Walk(visitor, (place, bits, address, firstKey) -> {}, RadixMap::raise).tree();
  }

  @Override
  public int nodeBytes(int level) {
    return pageSize.bytes();
  }

  private final class Walk {
    private final NodeVisitor nodeVisitor;
    private final LeafVisitor leafVisitor;
    private final Consumer<HandoverException> problems;
    private final VisitedPages seen = new VisitedPages();
    private final Where[] places = new Where[depth];
    // Copies of the tables on the way down: a JVM that has just started reads arrays much faster.
    private final long[][] tables = new long[depth][1 << KhoRadix.tableBits(pageSize)];
    private long nodes;
    private int problemCount;

    Walk(NodeVisitor nodeVisitor, LeafVisitor leafVisitor, Consumer<HandoverException> problems) {
      this.nodeVisitor = nodeVisitor;
      this.leafVisitor = leafVisitor;
      this.problems = problems;
      for (int level = 0; level < depth; level++) {
        places[level] = place(level);
      }
    }

    /** Visits the tree, leaves in the order of their keys. Returns how many pages the tree has. */
    long tree() {
      node(root, depth - 1, 0);
      return nodes;
    }

    private void node(long address, int level, long prefix) {
      Where place = places[level];
      long[] table = tables[level];
      try {
        MemorySegment page = memory.page(place, address);
        if (!seen.add(place, address)) {
          throw place.broken(address, "the tree reaches this page a second time");
        }
        nodes++;
        nodeVisitor.node(address, level, prefix);
        if (level == 0) {
          long key = losesOrderZero ? KhoRadix.withOrderZero(pageSize, prefix) : prefix;
          leafVisitor.leaf(place, page, address, key);
          return;
        }
        MemorySegment.copy(page, StructureView.U64, 0, table, 0, table.length);
      } catch (HandoverException e) {
        report(e);
        return;
      }
      int shift = KhoRadix.levelShift(pageSize, level);
      int usable = level == depth - 1 ? usableRootSlots(table.length, shift) : table.length;
      for (int slot = 0; slot < usable && problemCount < MAX_PROBLEMS; slot++) {
        if (table[slot] < 0) {
          report(converted(place, address, slot, table[slot]));
        } else if (table[slot] != 0) {
          node(table[slot], level - 1, prefix | (long) slot << shift);
        }
      }
      for (int slot = usable; slot < table.length && problemCount < MAX_PROBLEMS; slot++) {
        if (table[slot] < 0) {
          report(converted(place, address, slot, table[slot]));
        } else if (table[slot] != 0) {
          report(
              place.broken(
                  address,
                  ("slot %d is 0x%x: only slots 0 to %d are possible, because a key has at most %d"
                          + " bits")
                      .formatted(
                          slot, table[slot], usable - 1, KhoRadix.orderZeroBit(pageSize) + 1)));
          return;
        }
      }
    }

    private void report(HandoverException problem) {
      problemCount++;
      problems.accept(problem);
    }

    /** Keys end at the bit that marks order 0, so the root has few slots to use. */
    private int usableRootSlots(int slots, int shift) {
      int keyBits = KhoRadix.orderZeroBit(pageSize) + 1;
      return (int) Math.min(slots, 1L << Math.max(0, keyBits - shift));
    }
  }

  private static HandoverException converted(Where place, long address, int slot, long child) {
    return place.broken(
        address,
        ("slot %d is 0x%x: bit 63 marks an address that a crash kernel has converted in place,"
                + " from physical to its own virtual one")
            .formatted(slot, child));
  }

  private Where place(int level) {
    return PATH.in(level == 0 ? "leaf" : "node of level " + level);
  }

  @Override
  public Lookup lookup() {
    int maxOrder =
        losesOrderZero ? KhoRadix.MAX_ORDER_BESIDE_LOST_BIT : KhoRadix.maxOrder(pageSize);
    return new BlockLookup(pageSize, KhoRadix.leafBits(pageSize), maxOrder) {
      @Override
      MemorySegment find(long key) {
        return leafOf(key);
      }
    };
  }

  private MemorySegment leafOf(long key) {
    long address = root;
    for (int level = depth - 1; level > 0; level--) {
      int index = KhoRadix.index(pageSize, level, key);
      long child = memory.page(place(level), address).get(StructureView.U64, 8L * index);
      if (child == 0) {
        return MemorySegment.NULL;
      }
      if (child < 0) {
        throw converted(place(level), address, index, child);
      }
      address = child;
    }
    return memory.page(place(0), address);
  }
}
