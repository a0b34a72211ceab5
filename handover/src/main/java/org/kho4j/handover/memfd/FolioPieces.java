package org.kho4j.handover.memfd;

import org.kho4j.abi.PageSize;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.wire.Where;

/**
 * A memfd's folios as pieces of the file: as large as the preserved map says, cut where the file
 * ends, neighbours in the file and in memory as one.
 */
final class FolioPieces implements Content.Pieces {

  private final Memfd memfd;
  private final Where where;
  private final PreservedMap map;
  private final PageSize pageSize;

  FolioPieces(Memfd memfd, Where where, PreservedMap map, PageSize pageSize) {
    this.memfd = memfd;
    this.where = where;
    this.map = map;
    this.pageSize = pageSize;
  }

  /**
   * The pieces in the file's order. Kernels list folios in that order, which needs no memory here;
   * a list in any other order is sorted.
   *
   * @throws org.kho4j.handover.wire.HandoverException if the list is broken, or is in another order
   *     and folios overlap
   */
  Content.Pieces inOrder() {
    long[] countAndIndex = new long[2];
    boolean[] ordered = {true};
    memfd.forEachFolio((folio, index, flags) -> {
      countAndIndex[0]++;
      ordered[0] &= Long.compareUnsigned(index, countAndIndex[1]) >= 0;
      countAndIndex[1] = index;
    });
    if (ordered[0]) {
      return this;
    }
    FolioExtents extents = new FolioExtents(where, countAndIndex[0]);
    walk(extents::add, false);
    extents.sort();
    return extents;
  }

  /**
   * Visits the pieces of a list that is in order.
   *
   * @throws org.kho4j.handover.wire.HandoverException where the list is broken, or folios overlap
   */
  @Override
  public void forEach(Content.PieceVisitor visitor) {
    walk(visitor, true);
  }

  private void walk(Content.PieceVisitor visitor, boolean ordered) {
    Merging merging = new Merging(visitor);
    PreservedMap.Lookup lookup = map.lookup();
    long size = memfd.size();
    long pages = (size + pageSize.bytes() - 1) >>> pageSize.shift();
    memfd.forEachFolio((folio, index, flags) -> {
      long block = memfd.blockBytes(lookup, folio, index);
      if (Long.compareUnsigned(index, pages) >= 0) {
        throw where.broken(
            folio,
            "the folio of index %s is beyond the file's size of %d bytes"
                .formatted(Long.toUnsignedString(index), size));
      }
      long offset = index << pageSize.shift();
      if (ordered && offset < merging.end()) {
        throw FolioExtents.overlap(where, offset, folio, merging.address);
      }
      merging.add(offset, folio, Math.min(block, size - offset));
    });
    merging.flush();
  }

  private static final class Merging {
    private final Content.PieceVisitor visitor;
    private long offset;
    private long address;
    private long bytes;

    Merging(Content.PieceVisitor visitor) {
      this.visitor = visitor;
    }

    void add(long nextOffset, long nextAddress, long nextBytes) {
      if (nextOffset == end() && nextAddress == address + bytes) {
        bytes += nextBytes;
        return;
      }
      flush();
      offset = nextOffset;
      address = nextAddress;
      bytes = nextBytes;
    }

    long end() {
      return offset + bytes;
    }

    void flush() {
      if (bytes > 0) {
        visitor.piece(offset, address, bytes);
      }
    }
  }
}
