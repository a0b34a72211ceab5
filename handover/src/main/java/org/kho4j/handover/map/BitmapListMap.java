package org.kho4j.handover.map;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/**
 * The preserved map of kho-v1: a list of chunks that point at bitmaps. The list is read once, into
 * 16 bytes a bitmap, and its bitmaps are then read as the leaves of a tree are.
 */
final class BitmapListMap implements PreservedMap {

  private final HandoverMemory memory;
  private final PageSize pageSize;
  private final long root;
  private final MapForm form;
  private final int bitmapBytes;
  private final int bitmapBits;
  private final int maxOrder;
  private @Nullable Bitmaps bitmaps;

  BitmapListMap(HandoverMemory memory, long root, MapForm form) {
    this.memory = memory;
    this.pageSize = memory.pageSize();
    this.root = root;
    this.form = form;
    this.bitmapBytes = form.bitmapBytes(pageSize);
    this.bitmapBits = form.bitmapBits(pageSize);
    this.maxOrder = form.maxBitmapOrder(pageSize);
  }

  @Override
  public MapForm form() {
    return form;
  }

  @Override
  public boolean showsPageSize() {
    return false;
  }

  @Override
  public long root() {
    return root;
  }

  @Override
  public int nodeBytes(int level) {
    return level == 0 ? bitmapBytes : pageSize.bytes();
  }

  @Override
  public void forEachRun(RunVisitor visitor) {
    Bitmaps all = bitmaps();
    all.requireSound();
    RunCollector runs = new RunCollector(pageSize, bitmapBytes, visitor);
    walk(all, runs);
    runs.flush();
  }

  @Override
  public Stream<BlockRun> runs() {
    Bitmaps all = bitmaps();
    all.requireSound();
    return leaves(all).runs();
  }

  private LeafList leaves(Bitmaps all) {
    LeafList leaves = new LeafList(memory, PATH.in("bitmap"), bitmapBytes);
    walk(all, leaves);
    return leaves;
  }

  @Override
  public MapSummary summary() {
    Bitmaps all = bitmaps();
    List<HandoverException> problems = new ArrayList<>(all.problems);
    long nodes = (long) all.chunks.length + all.keys.length;
    return new MapSummary(nodes, leaves(all).count(problems::add), problems);
  }

  @Override
  public void forEachNode(NodeVisitor visitor) {
    Bitmaps all = bitmaps();
    all.requireSound();
    for (int i = 0; i < all.chunks.length; i++) {
      visitor.node(all.chunks[i], 1, i);
    }
    for (int i = 0; i < all.keys.length; i++) {
      visitor.node(all.addresses[i], 0, all.keys[i]);
    }
  }

  @Override
  public Lookup lookup() {
    Bitmaps all = bitmaps();
    return new BlockLookup(pageSize, bitmapBits, maxOrder) {
      @Override
      MemorySegment find(long key) {
        int found = Arrays.binarySearch(all.keys, key >>> bitmapBits << bitmapBits);
        if (found >= 0) {
          return memory.bytes(PATH.in("bitmap"), all.addresses[found], bitmapBytes);
        }
        all.requireSound();
        return MemorySegment.NULL;
      }
    };
  }

  private synchronized Bitmaps bitmaps() {
    Bitmaps known = bitmaps;
    if (known == null) {
      known = new Reading().read();
      bitmaps = known;
    }
    return known;
  }

  /**
   * The list as it was read.
   *
   * @param chunks physical addresses, in the list's order
   * @param keys of each bitmap's bit 0, ascending
   * @param addresses of the bitmaps, in the order of {@code keys}
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Bitmaps(
      long[] chunks, long[] keys, long[] addresses, List<HandoverException> problems) {

    void requireSound() {
      if (!problems.isEmpty()) {
        throw problems.getFirst();
      }
    }
  }

  private void walk(Bitmaps all, LeafVisitor visitor) {
    Where place = PATH.in("bitmap");
    for (int i = 0; i < all.keys.length; i++) {
      long address = all.addresses[i];
      MemorySegment bits = memory.bytes(place, address, bitmapBytes);
      visitor.leaf(place, bits, address, all.keys[i]);
    }
  }

  /** Reads the list. */
  private final class Reading implements ChunkList.Visitor {
    private final LongStream.Builder chunks = LongStream.builder();
    private final LongStream.Builder keys = LongStream.builder();
    private final LongStream.Builder addresses = LongStream.builder();
    private final List<HandoverException> problems = new ArrayList<>();
    private final VisitedPages seen = new VisitedPages();
    private final VisitedPages seenKeys = new VisitedPages();

    Bitmaps read() {
      ChunkList.walk(memory, root, this, problems::add);
      long[] listed = keys.build().toArray();
      long[] bitmaps = addresses.build().toArray();
      long[] sorted = Arrays.stream(listed).sorted().toArray();
      long[] byKey = new long[sorted.length];
      for (int i = 0; i < listed.length; i++) {
        byKey[Arrays.binarySearch(sorted, listed[i])] = bitmaps[i];
      }
      return new Bitmaps(chunks.build().toArray(), sorted, byKey, problems);
    }

    @Override
    public void chunk(long address) {
      chunks.add(address);
    }

    @Override
    public void element(Where place, long at, int order, long physStart, long bitmap) {
      if (order > maxOrder) {
        throw place.broken(at, "order %d is not within 0 to %d".formatted(order, maxOrder));
      }
      long bytes = form.bitmapReach(pageSize, order);
      if ((physStart & (bytes - 1)) != 0 || physStart >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
        throw place.broken(
            at,
            "phys_start is 0x%x, which is not a multiple of 0x%x below 2^%d"
                .formatted(physStart, bytes, KhoRadix.MAX_PHYSICAL_BITS));
      }
      if (bitmap == 0) {
        throw place.broken(at, "the bitmap's address is 0");
      }
      if ((bitmap & (bitmapBytes - 1)) != 0) {
        throw place.broken(
            at,
            "the bitmap's address 0x%x is not a multiple of its %d bytes"
                .formatted(bitmap, bitmapBytes));
      }
      memory.bytes(place, bitmap, bitmapBytes);
      if (!seen.add(place, bitmap)) {
        throw place.broken(at, "another element has the bitmap at 0x%x as well".formatted(bitmap));
      }
      long key = KhoRadix.key(pageSize, physStart, order);
      if (!seenKeys.add(place, key)) {
        throw place.broken(
            at, "another bitmap also represents order %d from 0x%x".formatted(order, physStart));
      }
      keys.add(key);
      addresses.add(bitmap);
    }
  }
}
