package org.kho4j.handover.memfd;

import org.kho4j.abi.PageSize;
import org.kho4j.handover.Content;
import org.kho4j.handover.PreservedMap;
import org.kho4j.handover.Where;

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
   * @throws org.kho4j.handover.HandoverException if the list is broken, or folios overlap
   */
  Content.Pieces inOrder() {
    long[] countAndEnd = new long[2];
    boolean[] ordered = {true};
    forEach((offset, address, bytes) -> {
      countAndEnd[0]++;
      ordered[0] &= offset >= countAndEnd[1];
      countAndEnd[1] = offset + bytes;
    });
    if (ordered[0]) {
      return this;
    }
    FolioExtents extents = new FolioExtents(where, countAndEnd[0]);
    forEach(extents::add);
    extents.sort();
    return extents;
  }

  @Override
  public void forEach(Content.PieceVisitor visitor) {
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
      if (nextOffset == offset + bytes && nextAddress == address + bytes) {
        bytes += nextBytes;
        return;
      }
      flush();
      offset = nextOffset;
      address = nextAddress;
      bytes = nextBytes;
    }

    void flush() {
      if (bytes > 0) {
        visitor.piece(offset, address, bytes);
      }
    }
  }
}
