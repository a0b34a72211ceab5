package org.kho4j.cli.extract;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.FileExtent;

/**
 * Content on its way: passes it on, tells how far it is, and keeps a list of the pages that the
 * source does not have, for which it passes on holes.
 */
final class Extraction implements Content.Visitor {

  private static final int MAX_LISTED = 1000;

  /** Memory that belongs to the content and could not be read. */
  record Absent(long offset, long address, long bytes) {}

  private final List<Content.Visitor> targets;
  private final boolean allowAbsent;
  private final LongConsumer progress;
  private final List<Absent> absent = new ArrayList<>();
  private long absentBytes;
  private long holes;

  /**
   * An extraction.
   *
   * @param allowAbsent whether pages may be missing
   * @param progress told the offset that was reached
   */
  Extraction(List<Content.Visitor> targets, boolean allowAbsent, LongConsumer progress) {
    this.targets = List.copyOf(targets);
    this.allowAbsent = allowAbsent;
    this.progress = progress;
  }

  /** The first runs of pages that are missing. */
  List<Absent> absent() {
    return absent;
  }

  /** Bytes that are missing, in all. */
  long absentBytes() {
    return absentBytes;
  }

  /** Returns the bytes of holes, which were never written. */
  long holes() {
    return holes;
  }

  @Override
  public void bytes(MemorySegment bytes, long offset) throws IOException {
    bytes(bytes, offset, Optional.empty());
  }

  @Override
  public void bytes(MemorySegment bytes, long offset, Optional<FileExtent> file)
      throws IOException {
    for (Content.Visitor target : targets) {
      target.bytes(bytes, offset, file);
    }
    progress.accept(offset + bytes.byteSize());
  }

  @Override
  public void hole(long offset, long length) throws IOException {
    holes += length;
    passHole(offset, length);
  }

  private void passHole(long offset, long length) throws IOException {
    for (Content.Visitor target : targets) {
      target.hole(offset, length);
    }
    progress.accept(offset + length);
  }

  @Override
  public void absent(long offset, long address, long length, HandoverException reason)
      throws IOException {
    if (!allowAbsent) {
      throw reason;
    }
    note(offset, address, length);
    passHole(offset, length);
  }

  private void note(long offset, long address, long length) {
    absentBytes += length;
    if (!absent.isEmpty()) {
      Absent last = absent.getLast();
      if (last.offset + last.bytes == offset && last.address + last.bytes == address) {
        absent.set(absent.size() - 1, new Absent(last.offset, last.address, last.bytes + length));
        return;
      }
    }
    if (absent.size() < MAX_LISTED) {
      absent.add(new Absent(offset, address, length));
    }
  }
}
