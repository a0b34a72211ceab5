package org.kho4j.damage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.ForwardingMemory;
import org.kho4j.memory.PhysicalMemory;

/**
 * A memory with some pages of 4 KiB changed or taken away. The memory below is never written. Not
 * safe for use by several threads while it changes.
 */
public final class Overlay implements ForwardingMemory {

  /** Takes a word of 8 bytes that was changed. */
  @FunctionalInterface
  public interface ChangeVisitor {
    /** At an aligned physical address. */
    void word(long address, long before, long after);
  }

  public static final int PAGE = 4096;

  private static final MemorySegment ABSENT = MemorySegment.NULL;

  private final PhysicalMemory below;
  private final NavigableMap<Long, MemorySegment> pages = new TreeMap<>();

  /** An overlay without a change. */
  public Overlay(PhysicalMemory below) {
    this.below = below;
  }

  /**
   * The page that holds an address, to be changed: a heap segment of {@value #PAGE} bytes. A page
   * that was taken away is there again, with the content of the memory below.
   */
  public MemorySegment page(long address) {
    return pages.compute(
        address & -PAGE,
        (at, page) -> {
          if (page != null && !isAbsent(page)) {
            return page;
          }
          MemorySegment copy = MemorySegment.ofArray(new byte[PAGE]);
          copy.copyFrom(below.read(at, PAGE));
          return copy;
        });
  }

  private static boolean isAbsent(MemorySegment page) {
    return page.byteSize() == 0;
  }

  /** Takes the page that holds an address away, as a dump leaves RAM out. */
  public void remove(long address) {
    pages.put(address & -PAGE, ABSENT);
  }

  /** Undoes every change. */
  public void reset() {
    pages.clear();
  }

  void put(long address, byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      page(address + i).set(ValueLayout.JAVA_BYTE, (address + i) & (PAGE - 1), bytes[i]);
    }
  }

  void put64(long address, long value) {
    byte[] bytes = new byte[8];
    MemorySegment.ofArray(bytes).set(StructureView.U64, 0, value);
    put(address, bytes);
  }

  long get64(long address) {
    return read(address, 8).get(StructureView.U64, 0);
  }

  /** The characters at an address, up to a NUL or so many. */
  String text(long address, int most) {
    String all =
        new String(read(address, most).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    int end = all.indexOf(0);
    return end < 0 ? all : all.substring(0, end);
  }

  void forEachChange(ChangeVisitor visitor) {
    pages.forEach((address, page) -> {
      MemorySegment before = below.read(address, PAGE);
      for (int at = 0; at < PAGE; at += Long.BYTES) {
        if (before.get(StructureView.U64, at) != page.get(StructureView.U64, at)) {
          visitor.word(
              address + at, before.get(StructureView.U64, at), page.get(StructureView.U64, at));
        }
      }
    });
  }

  @Override
  public PhysicalMemory memory() {
    return below;
  }

  @Override
  public MemorySegment read(long address, long length) {
    MemorySegment bytes = below.read(address, length);
    NavigableMap<Long, MemorySegment> changed =
        pages.subMap(address & -PAGE, true, address + length - 1, true);
    if (changed.isEmpty()) {
      return bytes;
    }
    MemorySegment copy = MemorySegment.ofArray(bytes.toArray(ValueLayout.JAVA_BYTE));
    for (Map.Entry<Long, MemorySegment> page : changed.entrySet()) {
      long from = Math.max(address, page.getKey());
      if (isAbsent(page.getValue())) {
        throw new AbsentMemoryException(
            from, "0x%x was taken away".formatted(from), below.isRam(from, 1));
      }
      long to = Math.min(address + length, page.getKey() + PAGE);
      MemorySegment.copy(page.getValue(), from - page.getKey(), copy, from - address, to - from);
    }
    return copy.asReadOnly();
  }

  @Override
  public boolean contains(long address, long length) {
    return below.contains(address, length)
        && (length < 1
            || pages.subMap(address & -PAGE, true, address + length - 1, true).values().stream()
                .noneMatch(Overlay::isAbsent));
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    below.forEachRange((address, length) -> {
      long end = address + length;
      long from = address;
      for (Map.Entry<Long, MemorySegment> page :
          pages.subMap(address & -PAGE, true, end - 1, true).entrySet()) {
        if (isAbsent(page.getValue())) {
          if (page.getKey() > from) {
            visitor.range(from, page.getKey() - from);
          }
          from = page.getKey() + PAGE;
        }
      }
      if (end > from) {
        visitor.range(from, end - from);
      }
    });
  }

  @Override
  public void close() {}
}
