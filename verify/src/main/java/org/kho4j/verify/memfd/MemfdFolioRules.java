package org.kho4j.verify.memfd;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ForkJoinPool;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.AbsentParts;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/** Rules for the folios of one memfd: 16 bytes each, and there may be a hundred million of them. */
public final class MemfdFolioRules {

  public static final Rule HOLE =
      Rule.error(
          "MEMFD-009",
          "Every entry has a page.",
          "The kernel skips the entry (6.19 to 7.3): this part of the file reads as zeros, without"
              + " a message.",
          "A kernel allocates the missing pages of a file before it preserves the file: the entry"
              + " was overwritten.");

  public static final Rule PFN =
      Rule.error(
          "MEMFD-010",
          "Every folio is within physical memory of 2^52 bytes.",
          "The page does not exist: the retrieve fails with EIO, and the whole file is lost"
              + " (7.3.4).",
          "The entry was overwritten.");

  public static final Rule PRESERVED =
      Rule.error(
          "MEMFD-011",
          "Every folio is preserved as one block that starts at its address.",
          "The kernel warns about an untagged page when it restores the folio, and the retrieve of"
              + " the whole file fails (6.19 to 7.3). Memory that is not preserved at all may have"
              + " been reused before.",
          "The writing kernel unpreserved the folio, preserved it as smaller blocks, or preserved"
              + " a larger block that contains it.");

  public static final Rule FOLIO_FLAGS =
      Rule.error(
          "MEMFD-012",
          "Every folio is dirty and uptodate, and has no other flag.",
          "The kernel clears a folio without uptodate at its first use, without a message. It may"
              + " drop a folio without dirty under memory pressure. Kernels since 7.0 always set"
              + " both flags; 6.19 wrote their current state. Other flags are ignored (7.3).",
          "The entry was overwritten.",
          Outcome.RESTORED,
          Outcome.LOST);

  public static final Rule BEYOND_SIZE =
      Rule.error(
          "MEMFD-013",
          "Every folio begins before the file ends.",
          "Not checked (7.3): the kernel puts the folio beyond the end of the file, where it is"
              + " invisible until the file grows.",
          "index, or the file's size, was overwritten.");

  public static final Rule SAME_INDEX =
      Rule.error(
          "MEMFD-014",
          "No two folios have the same offset in the file.",
          "Adding the second folio fails with EEXIST, the retrieve fails, and the whole file is"
              + " lost (7.3).",
          "An index was overwritten.");

  public static final Rule ORDERED =
      Rule.warning(
          "MEMFD-015",
          "The folios are in ascending order of their index.",
          "A kernel places each folio by its index (6.19 to 7.3), so everything is restored. Every"
              + " kernel writes them in order.",
          "Entries were swapped, or an index was overwritten, and two folios may have the same"
              + " offset.");

  public static final Rule ALIGNED =
      Rule.error(
          "MEMFD-016",
          "Every folio's index is a multiple of its number of pages.",
          "Only kernels with CONFIG_DEBUG_VM check this (7.3), and stop. Others ignore the low"
              + " bits of the index: the folio has its original offset, unless the index is off by"
              + " more than the folio's pages (7.3.4).",
          "The index was overwritten, or the folio is preserved with another order than it has.",
          Outcome.RESTORED,
          Outcome.FAILED,
          Outcome.LOST);

  public static final Rule COVERED =
      Rule.warning(
          "MEMFD-017",
          "The folios cover the file.",
          "The rest of the file reads as zeros (6.19 to 7.3): its content is lost, unless it was a"
              + " hole.",
          "A kernel allocates the missing pages of a file before it preserves the file: nr_folios,"
              + " size or an index was overwritten.",
          Outcome.RESTORED,
          Outcome.LOST);

  private static final int STRETCH_BYTES = 1 << 20;
  private static final int BATCH_BYTES = 64 << 20;
  private static final int BATCH_PIECES = 1 << 12;
  private static final int ENTRY = MemfdFolio.STRUCTURE.headerSize();
  private static final long SOUND = MemfdFolio.FLAG_DIRTY | MemfdFolio.FLAG_UPTODATE;

  private final Scene scene;
  private final Where where;
  private final long address;
  private final long count;
  private final long size;
  private final long filePages;
  private final boolean flagsVary;

  private final List<Piece> pieces = new ArrayList<>();
  private long queued;
  private long batchBytes;
  private long lastIndex;
  private long nextIndex;
  private long covered;
  private long absentBytes;
  private long endPage = -1;
  private boolean unread;

  /**
   * Rules for one file.
   *
   * @param address of its structure
   * @param size of the file in bytes
   * @param count entries of the array
   * @param flagsVary whether a kernel may have written folios that are not dirty or uptodate
   */
  MemfdFolioRules(
      Scene scene, Where where, long address, long size, long count, boolean flagsVary) {
    this.scene = scene;
    this.where = where;
    this.address = address;
    this.count = count;
    this.size = size;
    int shift = scene.pageSize().shift();
    this.filePages = (size >>> shift) + ((size & ((1L << shift) - 1)) == 0 ? 0 : 1);
    this.flagsVary = flagsVary;
  }

  /** Takes the next run of the array's memory. */
  void run(long start, long bytes) {
    for (long at = 0; at < bytes && queued < count; ) {
      long length = Math.min(STRETCH_BYTES, Math.min(bytes - at, (count - queued) * ENTRY));
      pieces.add(new Piece(start + at, length, queued));
      queued += length / ENTRY;
      batchBytes += length;
      at += length;
      if (batchBytes >= BATCH_BYTES || pieces.size() == BATCH_PIECES) {
        drain();
      }
    }
  }

  /** A part of the array. */
  private final class Piece {
    private final long start;
    private final long length;
    private final long number;
    private @Nullable MemorySegment entries;
    private @Nullable FolioSweep sweep;
    private @Nullable HandoverException problem;
    private long stopped;

    Piece(long start, long length, long number) {
      this.start = start;
      this.length = length;
      this.number = number;
    }

    /** Sweeps the records that do not depend on the end of the piece before. */
    void sweep(boolean alone) {
      try {
        MemorySegment read = scene.memory().bytes(where.in("folios"), start, length);
        FolioSweep fast = new FolioSweep(scene, where.in("folio"), alone);
        stopped = scene.preserved().isKnown() ? fast.sweep(read, 0, 0, filePages) : 0;
        entries = read;
        sweep = fast;
      } catch (HandoverException e) {
        problem = e;
      }
    }
  }

  /**
   * Sweeps the queued pieces, on all cores if they are many, and checks the other records in order.
   */
  private void drain() {
    boolean parallel =
        batchBytes > STRETCH_BYTES
            && ForkJoinPool.getCommonPoolParallelism() > 1
            && !scene.claims().isVisited();
    (parallel ? pieces.parallelStream() : pieces.stream()).forEach(piece -> piece.sweep(!parallel));
    pieces.forEach(this::finish);
    pieces.clear();
    batchBytes = 0;
  }

  private void finish(Piece piece) {
    MemorySegment entries = piece.entries;
    FolioSweep sweep = piece.sweep;
    if (entries == null || sweep == null) {
      unread(piece);
      return;
    }
    absentBytes += sweep.absentPages() << scene.pageSize().shift();
    if (sweep.passed() > 0) {
      order(piece.number, sweep.firstIndex(), 1, piece.start);
      passed(sweep);
    }
    for (long at = piece.stopped; at < piece.length; ) {
      long word = entries.get(StructureView.U64, at);
      long index = entries.get(StructureView.U64, at + Long.BYTES);
      folio(piece.number + at / ENTRY, word, index, piece.start + at);
      at += ENTRY;
      if (scene.preserved().isKnown()) {
        FolioSweep rest = new FolioSweep(scene, where.in("folio"), true);
        at = rest.sweep(entries, at, nextIndex, filePages);
        if (rest.passed() > 0) {
          passed(rest);
          absentBytes += rest.absentPages() << scene.pageSize().shift();
        }
      }
    }
  }

  /** Checks the readable pages of a piece that is not readable as a whole. */
  private void unread(Piece piece) {
    int page = scene.pageSize().bytes();
    if (piece.length > page) {
      for (long at = 0; at < piece.length; at += page) {
        Piece part =
            new Piece(
                piece.start + at, Math.min(page, piece.length - at), piece.number + at / ENTRY);
        part.sweep(true);
        finish(part);
      }
      return;
    }
    unread = true;
    scene.findings().unread("folios", Objects.requireNonNull(piece.problem));
  }

  private void passed(FolioSweep sweep) {
    covered += sweep.passed();
    nextIndex = sweep.nextIndex();
    lastIndex = nextIndex - 1;
    if (nextIndex == filePages) {
      endPage = sweep.lastPage() << scene.pageSize().shift();
    }
  }

  /** Checks any entry. */
  private void folio(long entry, long word, long index, long at) {
    long page = word & MemfdFolio.PFN_MASK;
    long flags = word >>> MemfdFolio.PFN_BITS;
    int shift = scene.pageSize().shift();
    if (page == 0) {
      scene.report(HOLE, where.in("folio", entry), at, "pfn is 0, for index %d", index);
      return;
    }
    if (page >>> (KhoRadix.MAX_PHYSICAL_BITS - shift) != 0) {
      scene.report(
          PFN,
          where.in("folio", entry),
          at,
          "pfn 0x%x is beyond physical memory of 2^%d",
          page,
          KhoRadix.MAX_PHYSICAL_BITS);
      return;
    }
    boolean flagsBad = flagsVary ? flags >>> 2 != 0 : flags != SOUND;
    if (flagsBad) {
      scene.report(
          FOLIO_FLAGS, where.in("folio", entry), at, "flags is 0x%x, not 0x%x", flags, SOUND);
    }
    long folio = page << shift;
    int order = 0;
    if (scene.preserved().isKnown()) {
      order = scene.preserved().orderAt(folio);
      if (order < 0) {
        scene.report(
            PRESERVED,
            where.in("folio", entry),
            at,
            "the folio of index %d at 0x%x must start a preserved block, but %s",
            index,
            folio,
            scene.preserved().describe(folio));
        order = 0;
      }
    }
    place(entry, index, order, at);
    if (Long.compareUnsigned(index, filePages) < 0) {
      long inFile = Math.min(1L << order, filePages - index);
      absentBytes += scene.absent().bytes(folio, inFile << shift);
      if (index + inFile == filePages) {
        endPage = folio + ((inFile - 1) << shift);
      }
    }
    scene.claims().claim(where.in("folio", entry), folio, scene.pageSize().blockBytes(order));
  }

  /** Checks the place of a folio in the file. */
  private void place(long entry, long index, int order, long at) {
    long pages = 1L << order;
    if (Long.compareUnsigned(index, filePages) >= 0) {
      scene.report(
          BEYOND_SIZE,
          where.in("folio", entry),
          at,
          "index is %s, but the number of the file's pages is %d",
          Long.toUnsignedString(index),
          filePages);
      return;
    }
    if ((index & (pages - 1)) != 0) {
      scene.report(
          ALIGNED,
          where.in("folio", entry),
          at,
          "index is %d, not a multiple of the %d pages of a folio of order %d",
          index,
          pages,
          order);
    }
    order(entry, index, pages, at);
    covered += Math.min(pages, filePages - index);
    lastIndex = index;
    nextIndex = index + pages;
  }

  /** Checks that a folio is behind the one before it. */
  private void order(long entry, long index, long pages, long at) {
    if (index < nextIndex && index + pages > lastIndex) {
      scene.report(
          SAME_INDEX,
          where.in("folio", entry),
          at,
          "index is %d, but the previous folio reaches from %d to %d",
          index,
          lastIndex,
          nextIndex - 1);
    } else if (index < nextIndex) {
      scene.report(
          ORDERED,
          where.in("folio", entry),
          at,
          "index is %d, after a folio of index %d",
          index,
          lastIndex);
    }
  }

  /** Counts the absent bytes of the file's last page that are behind the end of the file. */
  private long absentBehindTheFile() {
    long page = scene.pageSize().bytes();
    long inFile = size - (filePages - 1) * page;
    return scene.absent().bytes(endPage, page) - scene.absent().bytes(endPage, inFile);
  }

  /** Completes the checks after the last run. */
  void end() {
    drain();
    if (endPage >= 0) {
      absentBytes -= absentBehindTheFile();
    }
    scene.count("folios", queued);
    scene.content(AbsentParts.Kind.MEMFD, where, address, absentBytes);
    boolean seen = !unread && queued == count && scene.preserved().isKnown();
    if (seen && covered < filePages && count > 0) {
      scene.report(
          COVERED,
          where,
          address,
          "only %d of %d pages are in a folio; the list has %d",
          covered,
          filePages,
          count);
    }
  }
}
