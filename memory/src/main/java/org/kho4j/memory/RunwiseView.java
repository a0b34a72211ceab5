package org.kho4j.memory;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * An area that is accessed run by run.
 *
 * @param mapping all of the memory
 * @param base physical address of the mapping's first byte
 * @param runs runs that lie in the memory
 */
record RunwiseView(MemorySegment mapping, long base, Runs runs) implements ScatteredView {

  @Override
  public long size() {
    return runs.size();
  }

  @Override
  public Optional<MemorySegment> contiguous() {
    return Optional.empty();
  }

  @Override
  public void copyTo(long offset, MemorySegment target) {
    forEachPiece(
        offset,
        target.byteSize(),
        (from, done, length) -> MemorySegment.copy(mapping, from, target, done, length));
  }

  @Override
  public void copyFrom(long offset, MemorySegment source) {
    forEachPiece(
        offset,
        source.byteSize(),
        (to, done, length) -> MemorySegment.copy(source, done, mapping, to, length));
  }

  @Override
  public void forEachRun(SegmentVisitor visitor) {
    for (int run = 0; run < runs.count(); run++) {
      visitor.run(runs.offset(run), mapping.asSlice(runs.address(run) - base, runs.length(run)));
    }
  }

  private void forEachPiece(long offset, long length, PieceVisitor visitor) {
    if (offset < 0 || length > runs.size() - offset) {
      throw new IndexOutOfBoundsException(
          "%d bytes from offset %d on are outside of an area of %d bytes"
              .formatted(length, offset, runs.size()));
    }
    int run = length == 0 ? 0 : runs.indexOf(offset);
    for (long done = 0; done < length; run++) {
      long skip = offset + done - runs.offset(run);
      long piece = Math.min(runs.length(run) - skip, length - done);
      visitor.piece(runs.address(run) + skip - base, done, piece);
      done += piece;
    }
  }

  @FunctionalInterface
  private interface PieceVisitor {
    void piece(long inMapping, long done, long length);
  }
}
