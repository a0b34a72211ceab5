package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/**
 * The preserved map since kho-v2: a radix tree of pages, see {@link KhoRadix}. Reading it needs no
 * memory but a note of the pages walked.
 *
 * <p>A tree that lacks a level has no room for the bit that marks order 0 (16K pages before 7.1):
 * its keys below 2^38 are taken for pages, which any page within physical memory is. A block of
 * order 13 or more has such a key too, and cannot be told from a page.
 */
final class RadixMap implements PreservedMap {

  private final HandoverMemory memory;
  private final Where where;
  private final long root;
  private final MapForm form;
  private final int depth;
  private final boolean losesOrderZero;

  RadixMap(HandoverMemory memory, Where where, long root, MapForm form) {
    this.memory = memory;
    this.where = where;
    this.root = root;
    this.form = form;
    this.depth = form.depth(memory.pageSize());
    this.losesOrderZero = KhoRadix.losesOrderZero(memory.pageSize(), depth);
  }

  @Override
  public MapForm form() {
    return form;
  }

  @Override
  public long root() {
    return root;
  }

  @Override
  public void forEachRun(RunVisitor visitor) {
    RunCollector runs = new RunCollector(memory.pageSize(), memory.pageSize().bytes(), visitor);
    walk(
        runs,
        problem -> {
          throw problem;
        });
    runs.flush();
  }

  @Override
  public MapSummary summary(Consumer<HandoverException> problems) {
    LeafCount leaves = new LeafCount(memory, place(0), memory.pageSize().bytes());
    long nodes = walk(leaves, problems);
    return leaves.summary(nodes, problems);
  }

  @Override
  public void forEachNode(NodeVisitor visitor) {
    Walk walk =
        new Walk(
            null,
            problem -> {
              throw problem;
            });
    walk.nodeVisitor = visitor;
    walk.node(root, depth - 1, 0);
  }

  @Override
  public int nodeBytes(int level) {
    return memory.pageSize().bytes();
  }

  /**
   * Visits every leaf, in order of keys, and returns how many pages the tree has, leaves included.
   */
  private long walk(LeafVisitor visitor, Consumer<HandoverException> problems) {
    Walk walk = new Walk(visitor, problems);
    walk.node(root, depth - 1, 0);
    return walk.nodes;
  }

  private final class Walk {
    private final @Nullable LeafVisitor visitor;
    private final Consumer<HandoverException> problems;
    private final VisitedPages seen = new VisitedPages();
    private final PageSize pageSize = memory.pageSize();
    private final Where[] places = new Where[depth];
    private NodeVisitor nodeVisitor = (address, level, key) -> {};
    private long nodes;
    private int problemCount;

    Walk(@Nullable LeafVisitor visitor, Consumer<HandoverException> problems) {
      this.visitor = visitor;
      this.problems = problems;
      for (int level = 0; level < depth; level++) {
        places[level] = place(level);
      }
    }

    void node(long address, int level, long prefix) {
      Where place = places[level];
      MemorySegment page;
      try {
        page = memory.page(place, address);
        if (!seen.add(place, address)) {
          throw place.broken(address, "the tree reaches this page a second time");
        }
        nodes++;
        nodeVisitor.node(address, level, prefix);
        if (level == 0) {
          leaf(place, page, address, prefix);
          return;
        }
      } catch (HandoverException e) {
        report(e);
        return;
      }
      int shift = KhoRadix.levelShift(pageSize, level);
      int slots = 1 << KhoRadix.tableBits(pageSize);
      int usable = level == depth - 1 ? usableRootSlots(slots, shift) : slots;
      for (int slot = 0; slot < usable && problemCount < MAX_PROBLEMS; slot++) {
        long child = page.get(Wire.U64, 8L * slot);
        if (child != 0) {
          node(child, level - 1, prefix | (long) slot << shift);
        }
      }
      for (int slot = usable; slot < slots; slot++) {
        long child = page.get(Wire.U64, 8L * slot);
        if (child != 0) {
          report(
              place.broken(
                  address,
                  "slot %d is 0x%x: only slots 0 to %d can be used, as no key has more than %d bits"
                      .formatted(slot, child, usable - 1, KhoRadix.orderZeroBit(pageSize) + 1)));
          return;
        }
      }
    }

    private void leaf(Where place, MemorySegment leaf, long address, long prefix) {
      if (visitor == null) {
        return;
      }
      long key = losesOrderZero ? KhoRadix.withOrderZero(pageSize, prefix) : prefix;
      if (key == 0) {
        visitor.lowestLeaf(place, leaf, address);
      } else {
        visitor.bits(place, leaf, address, key);
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

  private Where place(int level) {
    return where.in(level == 0 ? "leaf" : "node of level " + level);
  }

  @Override
  public Lookup lookup() {
    PageSize pageSize = memory.pageSize();
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
      int index = KhoRadix.index(memory.pageSize(), level, key);
      address = memory.page(place(level), address).get(Wire.U64, 8L * index);
      if (address == 0) {
        return MemorySegment.NULL;
      }
    }
    return memory.page(place(0), address);
  }
}
