package org.kho4j.handover.vmalloc;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.handover.wire.KhoserPointer;
import org.kho4j.handover.wire.RunVisitor;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.VisitedPages;
import org.kho4j.handover.wire.Where;

/**
 * The walk over the chunks that list an area: the only code that follows {@link
 * KhoVmallocChunk#NEXT}.
 *
 * <pre>
 *   ChunkWalk walk = new ChunkWalk(memory, where, descriptor, ChunkWalk.THROW);
 *   while (walk.next()) {
 *     … walk.address() …
 *     walk.runs(visitor);
 *   }
 *   walk.flush(visitor);
 * </pre>
 *
 * A contradiction of the contract is reported to {@link Faults}, which throws or records it. After
 * an {@link Fault#ENTRY} and a {@link Fault#MULTIPLE} the walk continues; any other fault ends it.
 * A chunk that is {@linkplain HandoverException#isAbsent() absent} contradicts nothing: it ends the
 * walk, and its exception is always thrown.
 */
public final class ChunkWalk {

  static final KhoserPointer NEXT =
      KhoserPointer.declare(KhoVmallocChunk.NEXT, KhoVmallocChunk.STRUCTURE);

  private static final int HEADER = KhoVmallocChunk.STRUCTURE.headerSize();

  /** The faults that an area can have. */
  public enum Fault {
    /** The descriptor has pages without a first chunk, or a first chunk without pages. */
    FIRST,
    /** The descriptor's order is beyond that of any block. */
    ORDER,
    /** total_pages is no multiple of 2^order. */
    MULTIPLE,
    /** A chunk is not a readable page. */
    CHUNK,
    /** The chain has come back to a chunk. */
    LOOP,
    /** An entry is not the address of a block of the area's order. */
    ENTRY,
    /** The chain lists more blocks than total_pages records. */
    GOES_ON,
    /** The chain lists fewer blocks than total_pages records. */
    ENDS_EARLY
  }

  /** Takes the faults of an area. */
  @FunctionalInterface
  public interface Faults {
    /**
     * Takes one fault: throws, or returns so that the walk continues or ends.
     *
     * @param address physical address of the descriptor or the chunk
     * @param format of the sentence, for {@link String#formatted}
     */
    void report(Fault fault, Where where, long address, String format, Object... arguments);
  }

  /** Throws a {@link HandoverException}. */
  public static final Faults THROW =
      (fault, where, address, format, arguments) -> {
        throw where.broken(address, format.formatted(arguments));
      };

  private final HandoverMemory memory;
  private final Where where;
  private final Descriptor descriptor;
  private final Faults faults;
  private final VisitedPages seen = new VisitedPages(Integer.MAX_VALUE);
  private final int capacity;
  private final long blocks;
  private long remaining;
  private long nextChunk;
  private @Nullable StructureView chunk;
  private int number = -1;
  private boolean listed = true;
  private int used;
  private long runStart;
  private long runEnd;
  private @Nullable Where zeroPlace;
  private long zeroChunk;
  private int zeroEntry;

  /** Starts a walk before the first chunk. Faults of the descriptor are reported at once. */
  public ChunkWalk(HandoverMemory memory, Where where, Descriptor descriptor, Faults faults) {
    this.memory = memory;
    this.where = where;
    this.descriptor = descriptor;
    this.faults = faults;
    this.capacity = KhoVmallocChunk.STRUCTURE.capacity(memory.pageSize());
    boolean sound = isSound();
    this.blocks = sound ? descriptor.totalPages() >>> descriptor.order() : 0;
    this.remaining = blocks;
    this.nextChunk = sound ? descriptor.first() : 0;
  }

  private boolean isSound() {
    long first = descriptor.first();
    long pages = descriptor.totalPages();
    int order = descriptor.order();
    long at = descriptor.address();
    if ((first == 0) != (pages == 0)) {
      faults.report(Fault.FIRST, where, at, "total_pages is %d, but first is 0x%x", pages, first);
      return false;
    }
    int most = KhoRadix.maxOrder(memory.pageSize());
    if (order > most) {
      faults.report(Fault.ORDER, where, at, "order is %d, beyond %d", order, most);
      return false;
    }
    if ((pages & ((1L << order) - 1)) != 0) {
      faults.report(
          Fault.MULTIPLE,
          where,
          at,
          "total_pages is %d, not a multiple of 2^%d, its order",
          pages,
          order);
    }
    return true;
  }

  /**
   * Goes to the next chunk.
   *
   * @return false at the end, and where a fault ends the walk
   * @throws HandoverException if the chunk is absent
   */
  public boolean next() {
    if (!listed) {
      runs((order, address, bytes) -> {});
    }
    if (nextChunk == 0) {
      end();
      return false;
    }
    long address = nextChunk;
    nextChunk = 0;
    Where place = where.in("chunk", number + 1);
    try {
      chunk = (number < 0 ? Descriptor.FIRST : NEXT).load(memory, place, address);
    } catch (HandoverException e) {
      if (e.isAbsent()) {
        remaining = 0;
        throw e;
      }
      return fault(Fault.CHUNK, place, e.address(), "%s", e.problem());
    }
    if (!seen.add(place, address)) {
      return fault(Fault.LOOP, place, address, "the chain returns to an earlier chunk");
    }
    number++;
    if (number > blocks + 1) {
      return fault(
          Fault.GOES_ON, place, address, "the chain has more chunks than the area has blocks");
    }
    nextChunk = NEXT.address(chunk());
    listed = false;
    return true;
  }

  private void end() {
    if (remaining > 0) {
      long listedBlocks = blocks - remaining;
      remaining = 0;
      Where zero = zeroPlace;
      if (zero != null) {
        faults.report(
            Fault.ENDS_EARLY,
            zero,
            zeroChunk,
            "entry %d is 0, but the chain goes on behind it: it lists %d of %d blocks of total_pages",
            zeroEntry,
            listedBlocks,
            blocks);
        return;
      }
      faults.report(
          Fault.ENDS_EARLY,
          where,
          descriptor.address(),
          "the chain ends after %d of %d blocks of total_pages",
          listedBlocks,
          blocks);
    }
  }

  private boolean fault(Fault fault, Where place, long at, String format, Object... arguments) {
    nextChunk = 0;
    remaining = 0;
    faults.report(fault, place, at, format, arguments);
    return false;
  }

  /** Returns the current chunk, after {@link #next} has returned true. */
  public StructureView chunk() {
    return Objects.requireNonNull(chunk, "next() comes first");
  }

  /** Returns the physical address of the current chunk. */
  public long address() {
    return chunk().address();
  }

  /** Returns the path of the current chunk. */
  public Where place() {
    return where.in("chunk", number);
  }

  /** Returns the number of chunks so far. */
  public int chunks() {
    return number + 1;
  }

  /**
   * Returns the number of entries of the chunk that list blocks, after {@link #runs} has visited
   * them.
   */
  public int used() {
    return used;
  }

  /** Returns an entry of the chunk, below {@link #capacity}: a physical address, or 0. */
  public long entry(int index) {
    return chunk().bytes().get(StructureView.U64, HEADER + ((long) index << 3));
  }

  /** Returns the number of entries that a chunk has room for. */
  public int capacity() {
    return capacity;
  }

  /**
   * Visits the blocks that the chunk lists, those that are physically adjacent as one run. A run
   * that may continue in the next chunk is kept until then, or until {@link #flush}.
   */
  public void runs(RunVisitor visitor) {
    MemorySegment page = chunk().bytes();
    int order = descriptor.order();
    long blockBytes = memory.pageSize().blockBytes(order);
    long offsetMask = blockBytes - 1;
    long lastBlock = (1L << KhoRadix.MAX_PHYSICAL_BITS) - blockBytes;
    int most = (int) Math.min(capacity, remaining);
    long start = runStart;
    long end = runEnd;
    int entry = 0;
    while (entry < most) {
      long block = page.get(StructureView.U64, HEADER + ((long) entry << 3));
      if (block == 0) {
        zero(entry);
        break;
      }
      if ((block & offsetMask) != 0 || Long.compareUnsigned(block, lastBlock) > 0) {
        if (end != start) {
          visitor.run(order, start, end - start);
        }
        start = 0;
        end = 0;
        impossible(entry++, block);
        continue;
      }
      if (block == end) {
        long possible = ((lastBlock - block) >>> Long.numberOfTrailingZeros(blockBytes)) + 1;
        int run =
            adjacent(
                page,
                HEADER + ((long) entry << 3),
                (int) Math.min(most - entry, possible),
                block,
                blockBytes);
        end += run * blockBytes;
        entry += run;
        continue;
      }
      if (end != start) {
        visitor.run(order, start, end - start);
      }
      start = block;
      end = block + blockBytes;
      entry++;
    }
    runStart = start;
    runEnd = end;
    listed = true;
    used = entry;
    remaining -= entry;
    if (entry == most && most < capacity && entry(most) != 0) {
      fault(
          Fault.GOES_ON,
          place(),
          address(),
          "the chain lists more blocks than the %d of total_pages",
          blocks);
    }
  }

  /** Takes an entry that is 0: the first one before other entries is the place of the fault. */
  private void zero(int entry) {
    boolean last = nextChunk == 0;
    for (int i = entry + 1; i < capacity && last; i++) {
      last = entry(i) == 0;
    }
    if (!last && zeroPlace == null) {
      zeroPlace = place();
      zeroChunk = address();
      zeroEntry = entry;
    }
  }

  /**
   * Counts the entries, of {@code most}, that list blocks that follow each other from {@code first}
   * on. In a loop of its own, because the JIT compiler unrolls this one.
   */
  private static int adjacent(
      MemorySegment page, long offset, int most, long first, long blockBytes) {
    long expected = first;
    for (int i = 0; i < most; i++) {
      if (page.get(StructureView.U64, offset + ((long) i << 3)) != expected) {
        return i;
      }
      expected += blockBytes;
    }
    return most;
  }

  private void impossible(int entry, long block) {
    String why =
        block >>> KhoRadix.MAX_PHYSICAL_BITS != 0
            ? "beyond 2^" + KhoRadix.MAX_PHYSICAL_BITS
            : "no address of a block of order " + descriptor.order();
    faults.report(Fault.ENTRY, place(), address(), "entry %d is 0x%x, %s", entry, block, why);
  }

  /** Visits the run that was kept. */
  public void flush(RunVisitor visitor) {
    if (runEnd != runStart) {
      visitor.run(descriptor.order(), runStart, runEnd - runStart);
    }
    runStart = 0;
    runEnd = 0;
  }
}
