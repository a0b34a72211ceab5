package org.kho4j.memory.kdump;

import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * The page descriptors of a dump, and which of their pages are missing from the file: those whose
 * descriptor has size 0, and those whose descriptor or bytes lie behind the end of the file.
 *
 * <p>All descriptors are read once, except holes of the file. Two bits record each block of 4096
 * descriptors; a block with both kinds of pages is read again.
 */
final class PageDescriptors {

  /** Bytes of a descriptor. */
  static final int SIZE = 24;

  private static final int WORDS = SIZE / Long.BYTES;
  private static final int BLOCK = 4096;

  /** Descriptors of a mixed block that are read at once. */
  private static final int WINDOW = 64;

  private final DumpBytes dump;
  private final KdumpHeader header;
  private final long count;

  /** Descriptors before the end of the file. */
  private final long inFile;

  private final BitSet withPages = new BitSet();
  private final BitSet withoutPages = new BitSet();
  private long pages;
  private long cutOff;

  /**
   * Reads the descriptors.
   *
   * @param count number of descriptors that the dump should have
   */
  PageDescriptors(DumpBytes dump, KdumpHeader header, long count) {
    this.dump = dump;
    this.header = header;
    this.count = count;
    this.inFile = Math.min(count, (dump.size() - header.descriptors()) / SIZE);
    withoutPages.set(0, block(count + BLOCK - 1));
    cutOff = count - inFile;
    BitSet data = new BitSet();
    if (inFile > 0) {
      dump.forEachData(
          header.descriptors(),
          inFile * SIZE,
          (offset, length) -> data.set(blockAt(offset), blockAt(offset + length - 1) + 1));
    }
    for (int next = 0, block = data.nextSetBit(0); block >= 0; block = data.nextSetBit(next)) {
      if (dump.isTruncated()) {
        cutOff += (long) (block - next) * BLOCK;
      }
      scan(block);
      next = block + 1;
    }
    if (dump.isTruncated()) {
      cutOff += Math.max(0, inFile - (long) data.length() * BLOCK);
    }
  }

  private static int block(long descriptor) {
    return (int) (descriptor / BLOCK);
  }

  private int blockAt(long offset) {
    return block((offset - header.descriptors()) / SIZE);
  }

  private void scan(int block) {
    long first = (long) block * BLOCK;
    int here = (int) Math.min(BLOCK, inFile - first);
    long[] read = read(first, here);
    int found = 0;
    for (int i = 0; i < here; i++) {
      if (hasPage(read, i)) {
        found++;
      } else if (length(read, i) != 0
          || dump.lacks(header.descriptors() + (first + i) * SIZE, SIZE)) {
        cutOff++;
      }
    }
    pages += found;
    withPages.set(block, found > 0);
    withoutPages.set(block, found < Math.min(BLOCK, count - first));
  }

  /** Copies descriptors: a loop over an array is fast before it is compiled, too. */
  private long[] read(long first, int number) {
    long[] words = new long[number * WORDS];
    MemorySegment.copy(segment(first, number), U64, 0, words, 0, words.length);
    return words;
  }

  private MemorySegment segment(long first, int number) {
    return dump.get(header.descriptors() + first * SIZE, (long) number * SIZE);
  }

  private static int length(long[] read, int index) {
    return (int) read[index * WORDS + 1];
  }

  /** Returns whether the file has a page, damaged or not. */
  private boolean hasPage(long[] read, int index) {
    int length = length(read, index);
    return length != 0
        && (Integer.compareUnsigned(length, header.blockSize()) > 0
            || !dump.lacks(read[index * WORDS], length));
  }

  /** Returns the number of descriptors that the dump should have. */
  long count() {
    return count;
  }

  /** Returns the number of pages that are missing from the file. */
  long missing() {
    return count - pages;
  }

  /** Returns the number of pages that lie behind the end of the file. */
  long cutOff() {
    return cutOff;
  }

  /** Returns the number of descriptors in the file that have size 0. */
  long empty() {
    return missing() - cutOff;
  }

  /** Returns the descriptor of a page that the file has. */
  MemorySegment get(long index) {
    return segment(index, 1);
  }

  /** Returns the first descriptor of {@code [from, to)} whose page is missing, or {@code to}. */
  long firstMissing(long from, long to) {
    return first(false, from, to);
  }

  /** Returns the first descriptor of {@code [from, to)} whose page the file has, or {@code to}. */
  long firstPresent(long from, long to) {
    return first(true, from, to);
  }

  private long first(boolean present, long from, long to) {
    BitSet wanted = present ? withPages : withoutPages;
    BitSet others = present ? withoutPages : withPages;
    long at = from;
    while (at < to) {
      int block = wanted.nextSetBit(block(at));
      if (block < 0) {
        return to;
      }
      at = Math.max(at, (long) block * BLOCK);
      if (at >= to || !others.get(block)) {
        return Math.min(at, to);
      }
      long end = Math.min(to, (long) (block + 1) * BLOCK);
      at = firstInBlock(present, at, end);
      if (at < end) {
        return at;
      }
    }
    return to;
  }

  private long firstInBlock(boolean present, long from, long to) {
    long known = Math.min(to, inFile);
    for (long at = from; at < known; at += WINDOW) {
      int here = (int) Math.min(WINDOW, known - at);
      long[] read = read(at, here);
      for (int i = 0; i < here; i++) {
        if (hasPage(read, i) == present) {
          return at + i;
        }
      }
    }
    return present ? to : Math.max(from, known);
  }
}
