package org.kho4j.memory;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The runs (address, length) of physical memory that form one area, in the order of the area.
 * Neighbours that touch are one run. Immutable; takes 8 bytes a run where runs have the same
 * length, otherwise 16.
 */
public final class Runs {

  private static final int SEGMENT_SHIFT = 12;
  private static final int SEGMENT_RUNS = 1 << SEGMENT_SHIFT;
  private static final int FIRST_RUNS = 16;

  private final RunSegment[] segments;
  private final int count;
  private final long size;

  private Runs(Collector collected) {
    this.segments = collected.segments;
    this.count = collected.count;
    this.size = collected.size;
  }

  /**
   * Collects the runs that {@code source} passes to its visitor.
   *
   * @throws IllegalArgumentException if a run is empty, or its addresses or the area's size do not
   *     fit 63 bits
   */
  public static Runs collect(Consumer<PhysicalMemory.RangeVisitor> source) {
    Collector collector = new Collector();
    source.accept(collector::add);
    return new Runs(collector);
  }

  /** Returns the number of runs, after adjacent runs were joined. */
  public int count() {
    return count;
  }

  /** Returns the size of the area in bytes. */
  public long size() {
    return size;
  }

  /** Returns the physical address of a run's first byte. */
  public long address(int run) {
    return segment(run).addresses[slot(run)];
  }

  /** Returns the offset in the area of a run's first byte. */
  public long offset(int run) {
    return segment(run).start(slot(run));
  }

  /** Returns the length of a run in bytes. */
  public long length(int run) {
    return segment(run).length(slot(run));
  }

  /**
   * Returns the index of the run that holds the byte at {@code offset} of the area.
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
      if (segment(middle).end(slot(middle)) > offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private RunSegment segment(int run) {
    return segments[run >>> SEGMENT_SHIFT];
  }

  private static int slot(int run) {
    return run & (SEGMENT_RUNS - 1);
  }

  /** A sequence of runs that follow each other. */
  private static final class RunSegment {

    // offset in the area of the first run
    private final long start;
    // of every run, as long as there are no ends
    private final long length;
    private long[] addresses;
    // offset in the area of the first byte after each run
    private long @Nullable [] ends;

    RunSegment(long start, long length, int capacity) {
      this.start = start;
      this.length = length;
      this.addresses = new long[capacity];
    }

    long start(int slot) {
      return slot == 0 ? start : end(slot - 1);
    }

    long end(int slot) {
      return ends == null ? evenEnd(slot) : ends[slot];
    }

    private long evenEnd(int slot) {
      return start + (slot + 1) * length;
    }

    long length(int slot) {
      return ends == null ? length : ends[slot] - start(slot);
    }

    /** Sets the run after the existing runs, or the last of them. */
    void put(int slot, long address, long end) {
      if (slot == addresses.length) {
        addresses = Arrays.copyOf(addresses, 2 * slot);
        ends = ends == null ? null : Arrays.copyOf(ends, 2 * slot);
      }
      if (ends == null && end != end(slot)) {
        ends = new long[addresses.length];
        for (int before = 0; before < slot; before++) {
          ends[before] = evenEnd(before);
        }
      }
      addresses[slot] = address;
      if (ends != null) {
        ends[slot] = end;
      }
    }
  }

  private static final class Collector {

    private RunSegment[] segments = {};
    private RunSegment last = new RunSegment(0, 0, 0);
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
        last.put(slot(count - 1), last.addresses[slot(count - 1)], size);
      } else {
        if (slot(count) == 0) {
          addSegment(length);
        }
        last.put(slot(count), address, size);
        count++;
      }
      next = address + length;
    }

    private void addSegment(long length) {
      int number = count >>> SEGMENT_SHIFT;
      if (number == segments.length) {
        segments = Arrays.copyOf(segments, Math.max(1, 2 * number));
      }
      last = new RunSegment(size - length, length, number == 0 ? FIRST_RUNS : SEGMENT_RUNS);
      segments[number] = last;
    }
  }
}
