package org.kho4j.linux;

/** Address space of this process. Addresses and lengths are multiples of the host's page size. */
final class Mappings {

  private static final int PROT_NONE = 0;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_FIXED = 0x10;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_NORESERVE = 0x4000;
  private static final int MADV_HUGEPAGE = 14;

  private Mappings() {}

  /**
   * Reserves address space in which nothing is mapped.
   *
   * @param alignment a power of two, at least the host's page size
   */
  static long reserve(long length, long alignment) throws LinuxException {
    long padded = length + alignment - Linux.pageSize();
    long start =
        padded < length
            ? -Errno.ENOMEM.number()
            : SystemCalls.mmap(
                0, padded, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start < 0) {
      throw new LinuxException(
          "cannot reserve %d bytes of address space".formatted(length), (int) -start);
    }
    long aligned = (start + alignment - 1) & -alignment;
    if (aligned > start) {
      unmap(start, aligned - start);
    }
    if (start + padded > aligned + length) {
      unmap(aligned + length, start + padded - aligned - length);
    }
    return aligned;
  }

  /** Maps part of a file over any mapping at the address. Returns a negative errno if it fails. */
  static long mapShared(long address, long length, int fd, long offset) {
    return SystemCalls.mmap(address, length, PROT_READ_WRITE, MAP_SHARED | MAP_FIXED, fd, offset);
  }

  static void unmap(long address, long length) {
    int result = SystemCalls.munmap(address, length);
    if (result < 0) {
      throw new IllegalStateException(
          "cannot unmap %d bytes at 0x%x: %s".formatted(length, address, Errno.describe(-result)));
    }
  }

  /** Requests transparent huge pages. A kernel without them refuses, which changes nothing. */
  static void preferHugePages(long address, long length) {
    SystemCalls.madvise(address, length, MADV_HUGEPAGE);
  }
}
