package org.kho4j.handover.handmade;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/**
 * Memory that a test writes by hand, number by number. Only what was written is there: in grains of
 * 4 KiB, whatever the page size of the handover in it.
 */
public final class SparseMemory implements PhysicalMemory {

  private static final int GRAIN = 4096;

  private final NavigableMap<Long, byte[]> grains = new TreeMap<>();
  private final OptionalInt pageSize;
  private final MemorySource.Machine machine;

  public SparseMemory() {
    this(MemorySource.Machine.UNKNOWN, OptionalInt.empty());
  }

  /** Memory of a source that says something about the machine. */
  public SparseMemory(MemorySource.Machine machine, OptionalInt pageSize) {
    this.machine = machine;
    this.pageSize = pageSize;
  }

  /** Makes zeros be there. */
  public SparseMemory zeros(long address, long length) {
    for (long at = address & -GRAIN; at < address + length; at += GRAIN) {
      grain(at);
    }
    return this;
  }

  public SparseMemory put64(long address, long value) {
    return put(address, little(Long.BYTES).putLong(value).array());
  }

  public SparseMemory put32(long address, int value) {
    return put(address, little(Integer.BYTES).putInt(value).array());
  }

  public SparseMemory put16(long address, int value) {
    return put(address, little(Short.BYTES).putShort((short) value).array());
  }

  public SparseMemory put(long address, String text) {
    return put(address, text.getBytes(StandardCharsets.UTF_8));
  }

  public SparseMemory put(long address, byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      grain(address + i)[(int) ((address + i) & (GRAIN - 1))] = bytes[i];
    }
    return this;
  }

  public long get64(long address) {
    return ByteBuffer.wrap(copy(address, Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  /** Takes the grains of a range away. */
  public SparseMemory remove(long address, long length) {
    grains.subMap(address & -GRAIN, address + length).clear();
    return this;
  }

  private byte[] grain(long address) {
    return grains.computeIfAbsent(address & -GRAIN, at -> new byte[GRAIN]);
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private byte[] copy(long address, long length) {
    byte[] bytes = new byte[Math.toIntExact(length)];
    for (long at = address; at < address + length; ) {
      byte[] grain = grains.get(at & -GRAIN);
      if (grain == null) {
        throw new AbsentMemoryException(at, "0x%x is absent".formatted(at));
      }
      int from = (int) (at & (GRAIN - 1));
      int size = (int) Math.min(GRAIN - from, address + length - at);
      System.arraycopy(grain, from, bytes, (int) (at - address), size);
      at += size;
    }
    return bytes;
  }

  @Override
  public MemorySource source() {
    return new MemorySource(
        Path.of("handmade"),
        MemorySource.Kind.RAW,
        (long) grains.size() * GRAIN,
        machine,
        pageSize);
  }

  @Override
  public MemorySegment read(long address, long length) {
    if (length < 1 || length > 1 << 20) {
      throw new IllegalArgumentException("nothing in a handover asks for " + length + " bytes");
    }
    return MemorySegment.ofArray(copy(address, length)).asReadOnly();
  }

  @Override
  public boolean contains(long address, long length) {
    for (long at = address & -GRAIN; at < address + length; at += GRAIN) {
      if (!grains.containsKey(at)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    long start = 0;
    long end = 0;
    for (Map.Entry<Long, byte[]> grain : grains.entrySet()) {
      if (grain.getKey() != end) {
        if (end != start) {
          visitor.range(start, end - start);
        }
        start = grain.getKey();
      }
      end = grain.getKey() + GRAIN;
    }
    if (end != start) {
      visitor.range(start, end - start);
    }
  }

  @Override
  public void close() {}
}
