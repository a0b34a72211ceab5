package org.kho4j.cli.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.report.Picture.Look;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.result.OwnerVisitor;

/**
 * Paints a {@link Picture}: counts pages by cell, which takes 14 KiB for each gigabyte that has
 * anything in it, and notes single pages around the first structures.
 */
final class Painting implements OwnerVisitor {

  /** More are not shown. */
  private static final int MOST_GIGABYTES = 4096;

  /** More can be seen, but not looked into: they would make the page too large. */
  private static final int MOST_PANELS = 1024;

  /** Cells that are shown page by page: for the map's own pages, other metadata, all else. */
  private static final int[] MOST_DETAILS = {16, 48, 32};

  private static final int OWNERS = Owner.ALL.size();
  private static final int CHANNELS = OWNERS + BlockSize.ALL.size();
  private static final int CELLS = Picture.CELLS;
  private static final long CELL_BYTES = 1L << Picture.CELL_SHIFT;

  private final PageSize pageSize;
  private final List<GigabyteCounts> gigabytes = new ArrayList<>();
  private final int[] details = new int[MOST_DETAILS.length];
  private int panels;
  private int last;
  private boolean cutOff;
  private long budget;
  private boolean outside;
  private int withoutDetail;

  /** A gigabyte that has RAM. */
  private static final class GigabyteCounts {
    private final long number;
    private final long[] bytes = new long[CHANNELS];
    private final BitSet cells = new BitSet(CELLS);
    private long memory;
    private boolean closed;
    private short @Nullable [] counts;
    private @Nullable Detail[] details = {};

    GigabyteCounts(long number) {
      this.number = number;
    }
  }

  /** The pages of one cell. */
  private static final class Detail {
    private final byte[] owners;
    private final byte[] sizes;
    private final @Nullable Where[] places;

    Detail(int pages) {
      owners = new byte[pages];
      sizes = new byte[pages];
      places = new @Nullable Where[pages];
    }

    /** Returns whether no page differs from another. */
    boolean isUniform() {
      for (int page = 1; page < owners.length; page++) {
        if (owners[page] != owners[0] || sizes[page] != sizes[0] || places[page] != places[0]) {
          return false;
        }
      }
      return true;
    }
  }

  /** An empty canvas, as large as RAM. */
  Painting(PhysicalMemory memory, PageSize pageSize) {
    this.pageSize = pageSize;
    memory.forEachRamRange(this::canvas);
    long ram = gigabytes.stream().mapToLong(one -> one.memory).sum();
    // Everything sound is painted three times at most: as preserved, by its owner, as scratch.
    this.budget = 8 * ram + (1L << Picture.GIGABYTE_SHIFT);
  }

  private void canvas(long address, long length) {
    long end = address + length;
    for (long at = address; at < end; ) {
      long number = at >>> Picture.GIGABYTE_SHIFT;
      if (gigabytes.isEmpty() || gigabytes.getLast().number != number) {
        if (gigabytes.size() == MOST_GIGABYTES) {
          cutOff = true;
          return;
        }
        gigabytes.add(new GigabyteCounts(number));
      }
      long next = Math.min(end, (number + 1) << Picture.GIGABYTE_SHIFT);
      GigabyteCounts gigabyte = gigabytes.getLast();
      gigabyte.memory += next - at;
      gigabyte.cells.set(cell(at), cell(next - 1) + 1);
      at = next;
    }
  }

  private static int cell(long address) {
    return (int) (address >>> Picture.CELL_SHIFT) & (CELLS - 1);
  }

  @Override
  public void owns(Where where, long address, long bytes) {
    paint(Owner.of(where).number(), address, bytes, where);
  }

  /** A run of preserved blocks of one order. */
  void preserved(int order, long address, long bytes) {
    paint(OWNERS + BlockSize.of(order).number(), address, bytes, null);
  }

  /** A scratch region. */
  void scratch(long address, long bytes) {
    paint(Owner.SCRATCH.number(), address, bytes, null);
  }

  private void paint(int channel, long address, long bytes, @Nullable Where where) {
    if (address < 0 || bytes <= 0 || address + bytes < 0) {
      outside = true;
      return;
    }
    long end = pageSize.bytes() + (address + bytes - 1 & -pageSize.bytes());
    long at = address & -pageSize.bytes();
    while (at < end && budget > 0) {
      int index = find(at >>> Picture.GIGABYTE_SHIFT);
      if (index < 0) {
        outside = true;
        index = -index - 1;
        if (index == gigabytes.size()) {
          return;
        }
        at = gigabytes.get(index).number << Picture.GIGABYTE_SHIFT;
        continue;
      }
      GigabyteCounts gigabyte = gigabytes.get(index);
      long next = Math.min(end, (gigabyte.number + 1) << Picture.GIGABYTE_SHIFT);
      paint(gigabyte, channel, at, next, where);
      budget -= next - at;
      at = next;
    }
  }

  private int find(long number) {
    if (last < gigabytes.size() && gigabytes.get(last).number == number) {
      return last;
    }
    int low = 0;
    int high = gigabytes.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      long found = gigabytes.get(middle).number;
      if (found == number) {
        last = middle;
        return middle;
      }
      if (found < number) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -low - 1;
  }

  private void paint(
      GigabyteCounts gigabyte, int channel, long from, long end, @Nullable Where where) {
    gigabyte.bytes[channel] += end - from;
    short[] counts = counts(gigabyte);
    if (counts == null) {
      return;
    }
    for (long at = from; at < end; ) {
      long next = Math.min(end, (at & -CELL_BYTES) + CELL_BYTES);
      int cell = cell(at);
      int slot = cell * CHANNELS + channel;
      long pages = (next - at) >>> pageSize.shift();
      Detail detail = detail(gigabyte, cell, channel, next - at == CELL_BYTES);
      counts[slot] = (short) Math.min(Short.MAX_VALUE, counts[slot] + pages);
      if (detail != null) {
        paint(detail, channel, at, next, where);
      }
      at = next;
    }
  }

  private short @Nullable [] counts(GigabyteCounts gigabyte) {
    if (gigabyte.counts == null && !gigabyte.closed) {
      if (panels < MOST_PANELS) {
        panels++;
        gigabyte.counts = new short[CELLS * CHANNELS];
        gigabyte.details = new @Nullable Detail[CELLS];
      } else {
        gigabyte.closed = true;
      }
    }
    return gigabyte.counts;
  }

  /** The pages of a cell, if they are noted: from the first on that is painted, or not at all. */
  private @Nullable Detail detail(GigabyteCounts gigabyte, int cell, int channel, boolean whole) {
    if (gigabyte.details[cell] != null
        || whole
        || channel == Owner.SCRATCH.number()
        || !isBlank(gigabyte, cell)) {
      return gigabyte.details[cell];
    }
    int kind =
        channel == Owner.MAP.number()
            ? 0
            : channel < OWNERS && Owner.ALL.get(channel).isMetadata() ? 1 : 2;
    if (details[kind] < MOST_DETAILS[kind]) {
      details[kind]++;
      gigabyte.details[cell] = new Detail((int) (CELL_BYTES >>> pageSize.shift()));
    }
    return gigabyte.details[cell];
  }

  private static boolean isBlank(GigabyteCounts gigabyte, int cell) {
    short[] counts = gigabyte.counts;
    for (int slot = cell * CHANNELS; counts != null && slot < (cell + 1) * CHANNELS; slot++) {
      if (counts[slot] != 0) {
        return false;
      }
    }
    return true;
  }

  private void paint(Detail detail, int channel, long from, long end, @Nullable Where where) {
    int first = (int) ((from & (CELL_BYTES - 1)) >>> pageSize.shift());
    int last = first + (int) ((end - from) >>> pageSize.shift());
    if (channel >= OWNERS) {
      Arrays.fill(detail.sizes, first, last, (byte) (channel - OWNERS + 1));
    } else {
      Arrays.fill(detail.owners, first, last, (byte) (channel + 1));
      Arrays.fill(detail.places, first, last, where);
    }
  }

  /**
   * Returns the picture, including memory without a known owner; nothing can be painted after that.
   */
  Picture finish() {
    List<Picture.Gigabyte> finished = new ArrayList<>();
    long[] bytes = new long[CHANNELS];
    for (GigabyteCounts gigabyte : gigabytes) {
      finished.add(finish(gigabyte));
      for (int channel = 0; channel < CHANNELS; channel++) {
        bytes[channel] += gigabyte.bytes[channel];
      }
      gigabyte.counts = null;
    }
    return new Picture(
        pageSize,
        finished,
        Arrays.copyOf(bytes, OWNERS),
        Arrays.copyOfRange(bytes, OWNERS, CHANNELS),
        notShown());
  }

  private Picture.Gigabyte finish(GigabyteCounts gigabyte) {
    short[] counts = gigabyte.counts;
    byte[] owners = null;
    byte[] sizes = null;
    List<Picture.Pages> pages = new ArrayList<>();
    long[] bytes = gigabyte.bytes;
    if (counts == null) {
      bytes[Owner.UNKNOWN.number()] = unknown(bytes);
    } else {
      owners = new byte[CELLS];
      sizes = new byte[CELLS];
      long full = CELL_BYTES >>> pageSize.shift();
      long[] cell = new long[CHANNELS];
      for (int i = 0; i < CELLS; i++) {
        for (int channel = 0; channel < CHANNELS; channel++) {
          cell[channel] = counts[i * CHANNELS + channel];
        }
        cell[Owner.UNKNOWN.number()] = unknown(cell);
        bytes[Owner.UNKNOWN.number()] += cell[Owner.UNKNOWN.number()] << pageSize.shift();
        owners[i] = look(cell, 0, OWNERS, gigabyte.cells.get(i), full);
        sizes[i] = look(cell, OWNERS, CHANNELS, gigabyte.cells.get(i), full);
        Detail detail = gigabyte.details[i];
        if (detail == null) {
          withoutDetail += isMixed(cell, full) ? 1 : 0;
        } else if (!detail.isUniform()) {
          pages.add(finish(detail, (gigabyte.number << 9) + i));
        }
      }
    }
    long full = 1L << Picture.GIGABYTE_SHIFT;
    return new Picture.Gigabyte(
        gigabyte.number,
        owners,
        sizes,
        look(bytes, 0, OWNERS, true, full),
        look(bytes, OWNERS, CHANNELS, true, full),
        Arrays.copyOf(bytes, OWNERS),
        pages);
  }

  private static Picture.Pages finish(Detail detail, long number) {
    for (int page = 0; page < detail.owners.length; page++) {
      if (detail.owners[page] == 0 && detail.sizes[page] != 0) {
        detail.owners[page] = (byte) (Owner.UNKNOWN.number() + 1);
      }
    }
    return new Picture.Pages(number, detail.owners, detail.sizes, detail.places);
  }

  /** Returns the amount of preserved memory without a known owner. */
  private static long unknown(long[] amounts) {
    long rest = 0;
    for (int channel = OWNERS; channel < CHANNELS; channel++) {
      rest += amounts[channel];
    }
    for (Owner owner : Owner.ALL) {
      rest -= owner.isPreserved() && owner != Owner.UNKNOWN ? amounts[owner.number()] : 0;
    }
    return Math.max(0, rest);
  }

  /** Returns whether some pages of a cell differ from others, scratch not counted. */
  private static boolean isMixed(long[] cell, long full) {
    for (int channel = 0; channel < CHANNELS; channel++) {
      if (channel != Owner.SCRATCH.number() && cell[channel] > 0 && cell[channel] < full) {
        return true;
      }
    }
    return false;
  }

  private static byte look(long[] amounts, int from, int to, boolean present, long full) {
    int most = from;
    long sum = 0;
    boolean metadata = false;
    for (int channel = from; channel < to; channel++) {
      most = amounts[channel] > amounts[most] ? channel : most;
      sum += amounts[channel];
      metadata |= channel < OWNERS && amounts[channel] > 0 && Owner.ALL.get(channel).isMetadata();
    }
    boolean isMetadata = most < OWNERS && Owner.ALL.get(most).isMetadata();
    return Look.of(sum == 0 ? -1 : most - from, present, metadata && !isMetadata, sum >= full / 2);
  }

  private @Nullable String notShown() {
    List<String> sentences = new ArrayList<>();
    if (cutOff) {
      sentences.add(
          "The source has memory in more than %,d gigabytes: higher addresses are not shown."
              .formatted(MOST_GIGABYTES));
    }
    if (budget <= 0) {
      sentences.add(
          "The handover describes more memory than the source has: the picture is incomplete.");
    }
    if (outside) {
      sentences.add("Some described memory is outside of the source's memory.");
    }
    if (withoutDetail > 0) {
      sentences.add(
          "The single pages of %s are not shown."
              .formatted(Units.count(withoutDetail, "cell", "cells")));
    }
    return sentences.isEmpty() ? null : String.join(" ", sentences);
  }
}
