package org.kho4j.abi;

import java.util.List;

/** Every {@link Limit} of the contract. */
public final class Limits {

  /** A reservation's name, the terminating NUL not counted. */
  public static final int RESERVE_MEM_NAME = 15;

  public static final int RESERVE_MEM_ENTRIES = 8;

  /** A session's name, the terminating NUL not counted. */
  public static final int SESSION_NAME = LuoSession.NAME.size() - 1;

  /** Alignment of the scratch array's copy within a scratch region. */
  public static final int SCRATCH_ARRAY_ALIGNMENT = 64 << 10;

  private static final Releases ALL_RELEASES = Releases.since("6.16");

  /** Alignment of a scratch region. */
  public static final Limit SCRATCH_ALIGNMENT =
      Limit.perPageSize(
          "scratch-alignment",
          Component.BOOT,
          Limits::scratchAlignment,
          "bytes",
          Releases.since("7.2"),
          "PAGE_SIZE << MAX_PAGE_ORDER: alignment of a scratch region's address and size; earlier kernels align to"
              + " CMA_MIN_ALIGNMENT_BYTES, and some do not round sizes given by the user");

  public static final List<Limit> ALL =
      List.of(
          Limit.perPageSize(
              "root-fdt-bytes",
              Component.KHO,
              PageSize::bytes,
              "bytes",
              ALL_RELEASES,
              "the root FDT, written within one page; a reader must bound it by its own totalsize, which the kernel does"
                  + " not compare with the size in the boot record"),
          Limit.perPageSize(
              "max-page-order",
              Component.KHO,
              Limits::maxPageOrder,
              "order",
              ALL_RELEASES,
              "MAX_PAGE_ORDER of the buddy allocator with default settings, so the largest folio; since 7.1 a page run may"
                  + " be preserved in larger blocks, before that they are refused when they are restored"),
          SCRATCH_ALIGNMENT,
          Limit.of(
              "scratch-array-alignment",
              Component.BOOT,
              SCRATCH_ARRAY_ALIGNMENT,
              "bytes",
              ALL_RELEASES,
              "alignment of the copy of the scratch array inside a scratch region"),
          Limit.of(
              "blocks",
              Component.KHO,
              KhoBlock.MAX_BLOCKS,
              "blocks",
              Releases.since("7.2"),
              "blocks of one block set; a kernel refuses more, as it refuses a cycle"),
          Limit.perPageSize(
              "key-bits",
              Component.KHO,
              size -> KhoRadix.orderZeroBit(size) + 1,
              "bits",
              Releases.since("7.1"),
              "significant bits of a radix key: 64 - PAGE_SHIFT + 1; 7.3.4 refuses to add a wider key"),
          Limit.of(
              "reserve-mem-entries",
              Component.MEMBLOCK,
              RESERVE_MEM_ENTRIES,
              "nodes",
              ALL_RELEASES,
              "reserve_mem= parameters of one kernel"),
          Limit.of(
              "reserve-mem-name",
              Component.MEMBLOCK,
              RESERVE_MEM_NAME,
              "bytes",
              ALL_RELEASES,
              "name of a reservation, without the NUL"),
          Limit.of(
              "session-name",
              Component.LUO,
              SESSION_NAME,
              "bytes",
              Releases.since("6.19"),
              "name of a session, at least 1, without the NUL; 7.2.6 and 7.3.4 are seen to enforce it"),
          Limit.of(
              "handler-name",
              Component.LUO,
              LuoFile.COMPATIBLE.size() - 1,
              "bytes",
              Releases.since("6.19"),
              "string of a file handler or FLB, without the NUL; a kernel does not check that the NUL is there"),
          Limit.of(
              "memfd-seals-mask",
              Component.MEMFD,
              MemfdSer.SEALS_MASK,
              "mask",
              Releases.since("7.1"),
              "seals that a kernel takes; others fail the retrieve with EOPNOTSUPP"));

  private Limits() {}

  /** {@code MAX_PAGE_ORDER} with default settings: the largest order of a folio. */
  public static int maxPageOrder(PageSize pageSize) {
    return switch (pageSize) {
      case SIZE_4K -> 10;
      case SIZE_16K -> 11;
      case SIZE_64K -> 13;
    };
  }

  /** Alignment of a scratch region's address and size since 7.2. */
  public static long scratchAlignment(PageSize pageSize) {
    return pageSize.blockBytes(maxPageOrder(pageSize));
  }
}
