package org.kho4j.handover;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;

/**
 * The preserved map: every block of pages that was marked to survive. A radix tree of pages, see
 * {@link KhoRadix}; reading it needs no memory but a note of the pages walked.
 */
public final class PreservedMap {

  /** A map with more is no map, and each problem costs memory. */
  static final int MAX_PROBLEMS = 64;

  private final HandoverMemory memory;
  private final Where where;
  private final long root;
  private final int depth;

  PreservedMap(HandoverMemory memory, Where where, long root, int depth) {
    this.memory = memory;
    this.where = where;
    this.root = root;
    this.depth = depth;
  }

  /** Physical address of the tree's root page. */
  public long root() {
    return root;
  }

  /** Takes one run of preserved blocks. */
  @FunctionalInterface
  public interface RunVisitor {
    /**
     * Takes one run.
     *
     * @param order every block of the run is 2^order pages
     * @param address of the first byte
     * @param bytes a multiple of the block size
     */
    void run(int order, long address, long bytes);
  }

  /**
   * Visits every run of adjacent blocks of one order: highest order first, ascending within an
   * order, as long as they can be.
   *
   * @throws HandoverException at the first place where the tree is broken
   */
  public void forEachRun(RunVisitor visitor) {
    RunCollector runs = new RunCollector(memory.pageSize(), visitor);
    walk(
        runs,
        problem -> {
          throw problem;
        });
    runs.flush();
  }

  /**
   * Counts what the map holds, on all cores when it is large. What cannot be read is left out of
   * the counts and told to {@code problems}.
   */
  public MapSummary summary(Consumer<HandoverException> problems) {
    LeafCount leaves = new LeafCount(memory, place(0));
    long nodes = walk(leaves, problems);
    return leaves.summary(nodes, problems);
  }

  /** Takes one page of the tree. */
  @FunctionalInterface
  public interface NodeVisitor {
    /**
     * Takes one page.
     *
     * @param address physical address of the page
     * @param level 0 for a leaf
     * @param key the first key that the page stands for
     */
    void node(long address, int level, long key);
  }

  /**
   * Visits every page of the tree, each before those below it.
   *
   * @throws HandoverException at the first place where the tree is broken
   */
  public void forEachNode(NodeVisitor visitor) {
    Walk walk =
        new Walk(
            (place, leaf, address, prefix) -> {},
            problem -> {
              throw problem;
            });
    walk.nodeVisitor = visitor;
    walk.node(root, depth - 1, 0);
  }

  /** Takes one leaf of the tree. */
  interface LeafVisitor {
    /**
     * Takes one leaf.
     *
     * @param place where it stands
     * @param address of the leaf's page
     * @param prefix the key of the leaf's bit 0
     */
    void leaf(Where place, MemorySegment leaf, long address, long prefix);
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
    private final LeafVisitor visitor;
    private final Consumer<HandoverException> problems;
    private final VisitedPages seen = new VisitedPages();
    private final PageSize pageSize = memory.pageSize();
    private final Where[] places = new Where[depth];
    private NodeVisitor nodeVisitor = (address, level, key) -> {};
    private long nodes;
    private int problemCount;

    Walk(LeafVisitor visitor, Consumer<HandoverException> problems) {
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
          visitor.leaf(place, page, address, prefix);
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

  /** Starts to look blocks up. */
  public Lookup lookup() {
    return new Lookup();
  }

  /**
   * Finds blocks by address, and remembers the leaves that it was in lately, so that blocks near
   * each other and blocks scattered over some gigabytes are found at once. Not safe for use by
   * several threads.
   */
  public final class Lookup {
    private static final int REMEMBERED = 1024;

    private final PageSize pageSize = memory.pageSize();
    private final int leafBits = KhoRadix.leafBits(pageSize);
    private final int maxOrder = KhoRadix.maxOrder(pageSize);
    private final long[] leafPrefix = new long[REMEMBERED];
    private final MemorySegment[] leaves = new MemorySegment[REMEMBERED];

    private Lookup() {}

    /**
     * The order of the preserved block that starts at that address, the highest if there are
     * several; -1 if none does.
     *
     * @throws HandoverException if the tree is broken on the way to it
     */
    public int orderAt(long address) {
      if (!pageSize.isAligned(address) || address >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
        return -1;
      }
      int highest = Math.min(maxOrder, Long.numberOfTrailingZeros(address >>> pageSize.shift()));
      for (int order = highest; order >= 0; order--) {
        if (isPreserved(address, order)) {
          return order;
        }
      }
      return -1;
    }

    /** Whether the block of 2^order pages at that address is preserved, as that block. */
    public boolean isPreserved(long address, int order) {
      long key = KhoRadix.key(pageSize, address, order);
      long prefix = key >>> leafBits;
      // Neighbours are in a row, and orders far from each other.
      int slot = (int) (prefix + 37L * order) & (REMEMBERED - 1);
      MemorySegment leaf = leaves[slot];
      if (leaf == null || leafPrefix[slot] != prefix) {
        leaf = find(key);
        leaves[slot] = leaf;
        leafPrefix[slot] = prefix;
      }
      if (leaf.byteSize() == 0) {
        return false;
      }
      int bit = (int) (key & ((1L << leafBits) - 1));
      return (leaf.get(Wire.U64, bit >>> 6 << 3) >>> bit & 1) != 0;
    }

    private MemorySegment find(long key) {
      long address = root;
      for (int level = depth - 1; level > 0; level--) {
        int index =
            (int) (key >>> KhoRadix.levelShift(pageSize, level))
                & ((1 << KhoRadix.tableBits(pageSize)) - 1);
        address = memory.page(place(level), address).get(Wire.U64, 8L * index);
        if (address == 0) {
          return MemorySegment.NULL;
        }
      }
      return memory.page(place(0), address);
    }
  }
}
