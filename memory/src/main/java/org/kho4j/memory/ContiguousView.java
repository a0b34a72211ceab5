package org.kho4j.memory;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** An area that is mapped as one segment. */
record ContiguousView(MemorySegment segment) implements ScatteredView {

  @Override
  public long size() {
    return segment.byteSize();
  }

  @Override
  public Optional<MemorySegment> contiguous() {
    return Optional.of(segment);
  }

  @Override
  public void copyTo(long offset, MemorySegment target) {
    MemorySegment.copy(segment, offset, target, 0, target.byteSize());
  }

  @Override
  public void copyFrom(long offset, MemorySegment source) {
    MemorySegment.copy(source, 0, segment, offset, source.byteSize());
  }

  @Override
  public void forEachRun(SegmentVisitor visitor) {
    visitor.run(0, segment);
  }
}
