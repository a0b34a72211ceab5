package org.kho4j.cli.captures;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/** Memory of which a few pages of 4 KiB are different, or gone. */
public final class PatchedMemory implements PhysicalMemory {

  private static final int GRAIN = RecordingMemory.GRAIN;

  private final PhysicalMemory memory;
  private long[] addresses = new long[0];
  private byte[][] pages = new byte[0][];

  public PatchedMemory(PhysicalMemory memory) {
    this.memory = memory;
  }

  /** The memory as it is without the patches. */
  public void reset() {
    addresses = new long[0];
    pages = new byte[0][];
  }

  /** The page at an address, to be changed. */
  public byte[] page(long address) {
    for (int i = 0; i < addresses.length; i++) {
      if (addresses[i] == address && pages[i].length != 0) {
        return pages[i];
      }
    }
    byte[] page = new byte[GRAIN];
    MemorySegment.copy(memory.read(address, GRAIN), 0, MemorySegment.ofArray(page), 0, GRAIN);
    put(address, page);
    return page;
  }

  /** Takes the page away. */
  public void remove(long address) {
    put(address, new byte[0]);
  }

  private void put(long address, byte[] page) {
    int size = addresses.length;
    addresses = Arrays.copyOf(addresses, size + 1);
    pages = Arrays.copyOf(pages, size + 1);
    addresses[size] = address;
    pages[size] = page;
  }

  @Override
  public MemorySource source() {
    return memory.source();
  }

  @Override
  public MemorySegment read(long address, long length) {
    MemorySegment bytes = memory.read(address, length);
    boolean copied = false;
    for (int i = 0; i < addresses.length; i++) {
      long from = Math.max(address, addresses[i]);
      long to = Math.min(address + length, addresses[i] + GRAIN);
      if (from >= to) {
        continue;
      }
      if (pages[i].length == 0) {
        throw new AbsentMemoryException(from, "0x%x was taken away".formatted(from));
      }
      if (!copied) {
        byte[] copy = new byte[(int) length];
        MemorySegment.copy(bytes, 0, MemorySegment.ofArray(copy), 0, length);
        bytes = MemorySegment.ofArray(copy);
        copied = true;
      }
      MemorySegment.copy(
          MemorySegment.ofArray(pages[i]), from - addresses[i], bytes, from - address, to - from);
    }
    return bytes.asReadOnly();
  }

  @Override
  public boolean contains(long address, long length) {
    return memory.contains(address, length);
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    memory.forEachRange(visitor);
  }

  @Override
  public void close() {
    memory.close();
  }
}
