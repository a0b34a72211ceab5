package org.kho4j.handover.wire;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtException;
import org.kho4j.fdt.FdtNode;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;

/**
 * Physical memory with the page size of a handover's writer; its errors name the structure that was
 * read. Every address is checked before it is read.
 */
public final class HandoverMemory {

  /**
   * Most bytes of an FDT of the contract: the root has a page, and so has the largest other tree
   * known.
   */
  private static final int MAX_FDT_BYTES = 1 << 20;

  private final PhysicalMemory memory;
  private final PageSize pageSize;
  private long presentBytes = -1;
  private long ramBytes = -1;

  public HandoverMemory(PhysicalMemory memory, PageSize pageSize) {
    this.memory = memory;
    this.pageSize = pageSize;
  }

  public PhysicalMemory physical() {
    return memory;
  }

  public PageSize pageSize() {
    return pageSize;
  }

  /**
   * Reads one page.
   *
   * @throws HandoverException if the address is not page aligned or the page cannot be read
   */
  public MemorySegment page(Where where, long address) {
    requirePage(where, address, "the address");
    return bytes(where, address, pageSize.bytes());
  }

  /**
   * Returns the structure at an address, which is aligned to a page where the structure takes whole
   * pages.
   *
   * @throws HandoverException if any of it cannot be read
   */
  public StructureView view(Where where, long address, Structure structure) {
    if (structure.pages() > 0) {
      requirePage(where, address, "the address");
    }
    return new StructureView(structure, address, bytes(where, address, structure.size(pageSize)));
  }

  /**
   * Reads the flattened device tree in a blob.
   *
   * @param size of the blob, as registered
   * @throws HandoverException if it cannot be read or is not well-formed
   */
  public FdtNode tree(Where where, long address, long size) {
    MemorySegment bytes = treeBytes(where, address, size);
    try {
      return Fdt.read(bytes);
    } catch (FdtException e) {
      throw where.broken(address + e.offset(), e);
    }
  }

  /**
   * Returns what a kernel reads of the flattened device tree in a blob. As in the kernel (6.16 to
   * 7.3), the size in the tree's own header counts, up to the end of the blob's pages, and to 1
   * MiB.
   *
   * @param size of the blob, as registered
   * @throws HandoverException if it cannot be read, or does not begin as a device tree
   */
  public MemorySegment treeBytes(Where where, long address, long size) {
    if (size < 1 || size > Integer.MAX_VALUE) {
      throw where.broken(
          address,
          "%s bytes cannot hold a device tree: its blob has 1 to %d bytes"
              .formatted(Long.toUnsignedString(size), Integer.MAX_VALUE));
    }
    long total;
    try {
      total = Fdt.totalSize(bytes(where, address, Fdt.HEADER_SIZE));
    } catch (FdtException e) {
      throw where.broken(address + e.offset(), e);
    }
    long end = (address + size + pageSize.bytes() - 1) & -pageSize.bytes();
    long most = Math.min(end - address, MAX_FDT_BYTES);
    return bytes(where, address, Math.max(Fdt.HEADER_SIZE, Math.min(total, most)));
  }

  /**
   * Reads bytes at a physical address.
   *
   * @param length bounded by the caller: it may be copied
   * @throws HandoverException if any of them cannot be read, or memory cannot have so many
   */
  public MemorySegment bytes(Where where, long address, long length) {
    requirePhysical(where, address);
    if (length < 1 || length > Integer.MAX_VALUE) {
      throw where.broken(
          address,
          "%s bytes cannot be read at once: 1 to %d can"
              .formatted(Long.toUnsignedString(length), Integer.MAX_VALUE));
    }
    try {
      return memory.read(address, length);
    } catch (MemoryReadException e) {
      throw where.broken(address, e);
    }
  }

  /**
   * Checks that an address is the start of a page that can exist.
   *
   * @param what name of the addressed structure in the message
   * @throws HandoverException if it is not
   */
  public void requirePage(Where where, long address, String what) {
    if (!pageSize.isAligned(address)) {
      throw where.broken(
          address, "%s 0x%x is not aligned to a page of %s".formatted(what, address, pageSize));
    }
    requirePhysical(where, address);
  }

  private static void requirePhysical(Where where, long address) {
    if (address >>> KhoRadix.MAX_PHYSICAL_BITS != 0) {
      throw where.broken(
          address,
          "0x%x is not a physical address: it is beyond 2^%d"
              .formatted(address, KhoRadix.MAX_PHYSICAL_BITS));
    }
  }

  /**
   * Returns the bytes that the source has in all. No content can be larger without reading pages
   * twice.
   */
  public synchronized long presentBytes() {
    if (presentBytes < 0) {
      presentBytes = sum(memory::forEachRange);
    }
    return presentBytes;
  }

  /** Returns the bytes of RAM in all. No description can be larger without counting pages twice. */
  public synchronized long ramBytes() {
    if (ramBytes < 0) {
      ramBytes = sum(memory::forEachRamRange);
    }
    return ramBytes;
  }

  /** Returns whether the source has all of the machine's RAM. */
  public boolean isWhole() {
    return presentBytes() == ramBytes();
  }

  private static long sum(Consumer<PhysicalMemory.RangeVisitor> ranges) {
    long[] sum = new long[1];
    ranges.accept((address, length) -> sum[0] += length);
    return sum[0];
  }
}
