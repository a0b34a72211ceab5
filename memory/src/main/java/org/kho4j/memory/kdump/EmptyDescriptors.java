package org.kho4j.memory.kdump;

import static org.kho4j.files.LittleEndian.U32;

import java.lang.foreign.MemorySegment;

/**
 * Counts the page descriptors of size 0: their pages are in the bitmap, and the file has no byte of
 * them.
 */
final class EmptyDescriptors {

  /** Most descriptors that are counted: those of 1 TiB in 4K pages. */
  static final long MOST = 1L << 28;

  /**
   * Descriptors sampled first: a dump without an empty descriptor in the sample is taken to have
   * none.
   */
  private static final long PROBES = 4096;

  private static final int SIZE = 8;
  private static final int DESCRIPTOR = KdumpMemory.DESCRIPTOR;
  private static final long WINDOW = 4096;

  private final DumpBytes dump;
  private final long table;
  private final long count;

  private EmptyDescriptors(DumpBytes dump, long table, long count) {
    this.dump = dump;
    this.table = table;
    this.count = count;
  }

  /**
   * Counts the empty descriptors among the first {@link #MOST}. Reads all of them only if a sample
   * of a few thousand, spread over the table, has an empty one.
   *
   * @param table offset of the first descriptor
   * @param count number of descriptors
   */
  static long count(DumpBytes dump, long table, long count) {
    EmptyDescriptors descriptors = new EmptyDescriptors(dump, table, Math.min(count, MOST));
    return descriptors.probe() ? descriptors.all() : 0;
  }

  private boolean probe() {
    long step = Math.max(1, count / PROBES);
    for (long i = 0; i < count; i += step) {
      if (isEmpty(i)) {
        return true;
      }
    }
    return count > 0 && isEmpty(count - 1);
  }

  private boolean isEmpty(long index) {
    long at = table + index * DESCRIPTOR;
    return dump.has(at, DESCRIPTOR) && dump.u32(at + SIZE) == 0;
  }

  private long all() {
    long empty = 0;
    for (long first = 0; first < count; first += WINDOW) {
      long here = Math.min(WINDOW, count - first);
      if (!dump.has(table + first * DESCRIPTOR, here * DESCRIPTOR)) {
        for (long i = first; i < first + here; i++) {
          empty += isEmpty(i) ? 1 : 0;
        }
        continue;
      }
      MemorySegment window = dump.get(table + first * DESCRIPTOR, here * DESCRIPTOR);
      for (long i = 0; i < here; i++) {
        empty += window.get(U32, i * DESCRIPTOR + SIZE) == 0 ? 1 : 0;
      }
    }
    return empty;
  }
}
