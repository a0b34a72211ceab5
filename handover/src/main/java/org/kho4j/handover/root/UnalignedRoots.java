package org.kho4j.handover.root;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;

/**
 * Finds root FDTs that are not aligned to a page, as in a raw image after a header that is not a
 * multiple of a page. {@link RootSearch} looks at pages alone.
 */
public final class UnalignedRoots {

  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** Headers are made of words. */
  private static final int STEP = Integer.BYTES;

  private static final int STRETCH = 1 << 16;

  /** Most bytes that are searched, which takes seconds. */
  private static final long MOST = 4L << 30;

  private static final int MAX_FOUND = 16;

  private final PhysicalMemory memory;
  private final List<RootFdt> roots = new ArrayList<>();
  private long left = MOST;

  private UnalignedRoots(PhysicalMemory memory) {
    this.memory = memory;
  }

  /** Searches the first 4 GiB that may hold anything but zeros. */
  public static List<RootFdt> search(PhysicalMemory memory) {
    UnalignedRoots search = new UnalignedRoots(memory);
    memory.forEachDataRange(search::range);
    return List.copyOf(search.roots);
  }

  private void range(long address, long length) {
    for (long at = 0; at < length && left > 0 && roots.size() < MAX_FOUND; at += STRETCH) {
      long bytes = Math.min(STRETCH, length - at);
      left -= bytes;
      try {
        look(memory.read(address + at, bytes), address + at);
      } catch (MemoryReadException e) {
        // Unreadable memory holds no readable root FDT.
      }
    }
  }

  private void look(MemorySegment bytes, long address) {
    for (long at = -address & (STEP - 1); at + STEP <= bytes.byteSize(); at += STEP) {
      if (bytes.get(WORD, at) == Fdt.MAGIC && (address + at) % PageSize.SIZE_4K.bytes() != 0) {
        try {
          roots.add(RootSearch.at(memory, address + at));
        } catch (HandoverException e) {
          // The magic number of another device tree, or of no tree at all.
        }
      }
    }
  }
}
