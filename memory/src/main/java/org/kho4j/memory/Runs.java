package org.kho4j.memory;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Physical memory in the order in which one area is made of it: runs of (address, length), each the
 * continuation of the one before. Neighbours that touch are one run. Immutable; takes 16 bytes a
 * run.
 */
public final class Runs {

  private static final int SEGMENT_SHIFT = 12;
  private static final int SEGMENT_RUNS = 1 << SEGMENT_SHIFT;
  private static final int FIRST_RUNS = 16;

  // pairs of (address, offset in the area of the first byte after the run)
  private final long[][] segments;
  private final int count;
  private final long size;

  private Runs(Collector collected) {
    this.segments = collected.segments;
    this.count = collected.count;
    this.size = collected.size;
  }

  /**
   * Collects the runs that {@code source} gives to the visitor it is handed.
   *
   * @throws IllegalArgumentException if a run is empty, or its addresses or the area's size do not
   *     fit 63 bits
   */
  public static Runs collect(Consumer<PhysicalMemory.RangeVisitor> source) {
    Collector collector = new Collector();
    source.accept(collector::add);
    return new Runs(collector);
  }

  /** How many runs there are, after touching ones became one. */
  public int count() {
    return count;
  }

  /** Bytes of the area. */
  public long size() {
    return size;
  }

  /** Physical address of a run's first byte. */
  public long address(int run) {
    return pairs(run)[slot(run)];
  }

  /** Offset in the area of a run's first byte. */
  public long offset(int run) {
    return run == 0 ? 0 : end(run - 1);
  }

  /** Bytes of a run. */
  public long length(int run) {
    return end(run) - offset(run);
  }

  /**
   * The run that holds the byte at {@code offset} of the area.
   *
   * @throws IndexOutOfBoundsException if the area has no such byte
   */
  public int indexOf(long offset) {
    if (offset < 0 || offset >= size) {
      throw new IndexOutOfBoundsException(
          "offset " + offset + " is outside of an area of " + size + " bytes");
    }
    int low = 0;
    int high = count - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (end(middle) > offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** Visits the runs in the area's order. */
  public void forEach(PhysicalMemory.RangeVisitor visitor) {
    long offset = 0;
    for (int first = 0; first < count; first += SEGMENT_RUNS) {
      long[] pairs = segments[first >>> SEGMENT_SHIFT];
      int end = 2 * Math.min(SEGMENT_RUNS, count - first);
      for (int slot = 0; slot < end; slot += 2) {
        long next = pairs[slot + 1];
        visitor.range(pairs[slot], next - offset);
        offset = next;
      }
    }
  }

  private long end(int run) {
    return pairs(run)[slot(run) + 1];
  }

  private long[] pairs(int run) {
    return segments[run >>> SEGMENT_SHIFT];
  }

  private static int slot(int run) {
    return (run & (SEGMENT_RUNS - 1)) << 1;
  }

  private static final class Collector {

    private long[][] segments = {new long[2 * FIRST_RUNS]};
    private int count;
    private long size;
    private long next = -1;

    void add(long address, long length) {
      if (length <= 0 || address < 0 || address + length < 0 || size + length < 0) {
        throw new IllegalArgumentException(
            "run %d of %d bytes at 0x%x: a run has at least 1 byte, and ends before 2^63"
                .formatted(count, length, address));
      }
      size += length;
      if (address == next) {
        segments[(count - 1) >>> SEGMENT_SHIFT][slot(count - 1) + 1] = size;
      } else {
        long[] pairs = roomForOne();
        pairs[slot(count)] = address;
        pairs[slot(count) + 1] = size;
        count++;
      }
      next = address + length;
    }

    private long[] roomForOne() {
      int segment = count >>> SEGMENT_SHIFT;
      if (segment == segments.length) {
        segments = Arrays.copyOf(segments, segment * 2);
      }
      long[] pairs = segments[segment];
      if (pairs == null) {
        pairs = new long[2 * SEGMENT_RUNS];
      } else if (slot(count) == pairs.length) {
        pairs = Arrays.copyOf(pairs, pairs.length * 2);
      }
      segments[segment] = pairs;
      return pairs;
    }
  }
}
