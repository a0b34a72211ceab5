package org.kho4j.verify.memfd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.state.PageSpace;

/**
 * Skips folio records that keep every rule, one page each, at the speed of memory, and stops at the
 * first record that needs closer checks. Several sweeps may run over parts of one array at once.
 */
final class FolioSweep {

  private static final int ENTRY = MemfdFolio.STRUCTURE.headerSize();
  private static final long SOUND = MemfdFolio.FLAG_DIRTY | MemfdFolio.FLAG_UPTODATE;
  private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle().withInvokeExactBehavior();

  private final Scene scene;
  private final Where owner;
  private final boolean alone;
  private final boolean visited;

  private long firstIndex = -1;
  private long nextIndex;
  private long lastPage;
  private long passed;
  private long absentPages;

  /**
   * A sweep.
   *
   * @param owner of the folios
   * @param alone whether no other thread claims pages at the same time
   */
  FolioSweep(Scene scene, Where owner, boolean alone) {
    this.scene = scene;
    this.owner = owner;
    this.alone = alone;
    this.visited = scene.claims().isVisited();
  }

  /** Returns the index of the first skipped record; -1 if there is none. */
  long firstIndex() {
    return firstIndex;
  }

  /** Returns the page of the file behind the last skipped record. */
  long nextIndex() {
    return nextIndex;
  }

  /** Returns the page frame number of the last skipped record. */
  long lastPage() {
    return lastPage;
  }

  /** Returns the number of skipped records. */
  long passed() {
    return passed;
  }

  /** Returns the number of pages of skipped records that the source does not have. */
  long absentPages() {
    return absentPages;
  }

  /**
   * Sweeps records, from one offset on.
   *
   * @param from offset of the first record
   * @param next the lowest index that may come
   * @param filePages all indices are below
   * @return offset of the record at which the sweep stopped; the size of {@code entries} if none
   */
  long sweep(MemorySegment entries, long from, long next, long filePages) {
    PageSpace space = scene.space();
    MemorySegment singles = scene.preserved().singles().words();
    MemorySegment owned = scene.claims().owned().words();
    boolean naming = scene.claims().isNaming();
    long size = entries.byteSize();
    long offset = 0;
    long expected = next;
    long word = -1;
    long claimed = 0;
    long available = 0;
    long at = from;
    for (; at < size; at += ENTRY) {
      long record = entries.get(StructureView.U64, at);
      long index = entries.get(StructureView.U64, at + Long.BYTES);
      long page = record & MemfdFolio.PFN_MASK;
      if (record >>> MemfdFolio.PFN_BITS != SOUND
          || index < expected
          || index >= filePages
          || page == 0) {
        break;
      }
      if (page >>> 6 != word) {
        if (claimed != 0) {
          claim(owned, offset, word, claimed);
          claimed = 0;
        }
        word = page >>> 6;
        long number = space.number(page);
        offset = (number >>> 6) << 3;
        available = number < 0 ? 0 : singles.get(ValueLayout.JAVA_LONG, offset);
        if (naming) {
          available &= ~scene.claims().wanted(page);
        }
      }
      long bit = 1L << page;
      if ((available & bit) == 0) {
        break;
      }
      if ((claimed & bit) != 0) {
        claim(owned, offset, word, claimed);
        claimed = 0;
      }
      claimed |= bit;
      expected = index + 1;
    }
    if (claimed != 0) {
      claim(owned, offset, word, claimed);
    }
    if (at > from) {
      firstIndex = firstIndex < 0 ? entries.get(StructureView.U64, from + Long.BYTES) : firstIndex;
      nextIndex = expected;
      lastPage = entries.get(StructureView.U64, at - ENTRY) & MemfdFolio.PFN_MASK;
      passed += (at - from) / ENTRY;
    }
    return at;
  }

  private void claim(MemorySegment owned, long offset, long word, long pages) {
    absentPages += scene.absent().count(offset, pages);
    if (visited) {
      scene.claims().swept(owner, word, pages);
    }
    long before;
    if (alone) {
      before = owned.get(ValueLayout.JAVA_LONG, offset);
      owned.set(ValueLayout.JAVA_LONG, offset, before | pages);
    } else {
      before = (long) WORD.getAndBitwiseOr(owned, offset, pages);
    }
    if ((before & pages) != 0) {
      twice(word, before & pages);
    }
  }

  private void twice(long word, long pages) {
    for (long rest = pages; rest != 0; rest &= rest - 1) {
      scene.claims().conflict((word << 6) + Long.numberOfTrailingZeros(rest));
    }
  }
}
