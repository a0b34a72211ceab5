package org.kho4j.handover.pages;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.wire.KhoException;

/**
 * Allocates blocks of 2^order pages of physical memory, each aligned to its size, as the kernel's
 * page allocator does. Holds addresses only and never touches the memory; takes a little over 2
 * bits a page. The same calls always give the same addresses.
 *
 * <p>A call that fails changes nothing. Not safe to share between threads.
 */
public final class PageAllocator {

  /** The largest order, 2^18 pages: 1 GiB of 4K pages, the largest folio that Linux has. */
  public static final int MAX_ORDER = FreeTree.MAX_ORDER;

  private final PageSize pageSize;
  private final PageNumbers numbers;
  private final FreeTree tree;
  // a bit for each page, clear for holes and excluded pages
  private final PageSet managed;
  private final long firstPage;
  private final long endPage;
  private final @Nullable SplittableRandom random;
  private long pages;
  private long freePages;

  /**
   * Creates an allocator over these ranges, all of them free. It gives the lowest addresses that
   * keep large blocks whole.
   *
   * @param ranges page aligned, without overlaps, in any order
   * @throws IllegalArgumentException if they are not
   */
  public PageAllocator(PageSize pageSize, List<AddressRange> ranges) {
    this(pageSize, ranges, null);
  }

  private PageAllocator(
      PageSize pageSize, List<AddressRange> ranges, @Nullable SplittableRandom random) {
    if (ranges.isEmpty()) {
      throw new IllegalArgumentException("no ranges to allocate from");
    }
    this.pageSize = pageSize;
    this.random = random;
    this.numbers = new PageNumbers(pageSize, ranges);
    this.tree = new FreeTree(numbers.chunkCount());
    this.managed = new PageSet((long) numbers.chunkCount() << MAX_ORDER);
    long first = Long.MAX_VALUE;
    long end = 0;
    for (AddressRange range : ranges) {
      add(range);
      first = Math.min(first, numbers.page(range.address()));
      end = Math.max(end, numbers.page(range.end() - 1) + 1);
    }
    this.firstPage = first;
    this.endPage = end;
  }

  /**
   * Returns an allocator that fragments memory on purpose: it takes each block from a separate
   * place, so that areas of many blocks are scattered.
   *
   * @param seed the same seed gives the same places
   */
  public static PageAllocator scattering(PageSize pageSize, List<AddressRange> ranges, long seed) {
    return new PageAllocator(pageSize, ranges, new SplittableRandom(seed));
  }

  private void add(AddressRange range) {
    checkAligned(range.address(), range.length());
    forEachBlock(
        range.address(),
        range.length(),
        (address, order) -> {
          long page = numbers.page(address);
          if (!managed.hasNone(page, order)) {
            throw new IllegalArgumentException(range + " overlaps another range");
          }
          managed.add(page, order);
          tree.give(page, order);
        });
    pages += range.length() >>> pageSize.shift();
    freePages = pages;
  }

  /** Returns the page size. */
  public PageSize pageSize() {
    return pageSize;
  }

  /** Returns the number of free pages. */
  public long freePages() {
    return freePages;
  }

  /**
   * Takes a block of 2^order pages.
   *
   * @return its physical address
   * @throws OutOfPagesException if no free block is that large
   */
  public long allocate(int order) {
    checkOrder(order);
    long page = random == null ? tree.take(order) : takeAnywhere(order, random);
    if (page == PageNumbers.NONE) {
      throw new OutOfPagesException(
          "no free block of order %d (%d bytes): %d of %d pages are free%s"
              .formatted(
                  order,
                  pageSize.blockBytes(order),
                  freePages,
                  pages,
                  freePages == 0
                      ? ""
                      : ", the largest block is of order " + statistics().largestOrder()));
    }
    freePages -= 1L << order;
    return numbers.address(page);
  }

  private long takeAnywhere(int order, SplittableRandom random) {
    long page = tree.findAnywhere(order, random, firstPage, endPage);
    if (page != PageNumbers.NONE) {
      tree.take(page, order);
    }
    return page;
  }

  /**
   * Takes the block of 2^order pages at an address.
   *
   * @throws PageStateException if not all of it is free
   */
  public void allocateAt(long address, int order) {
    checkBlock(address, order);
    long page = numbers.page(address);
    if (page == PageNumbers.NONE || !tree.isFree(page, order)) {
      throw notFree(address, pageSize.blockBytes(order));
    }
    tree.take(page, order);
    freePages -= 1L << order;
  }

  /**
   * Gives a block back. It may be part of a larger one that was taken, or several taken together.
   *
   * @throws PageStateException if any of its pages is free, or none of this allocator's
   */
  public void free(long address, int order) {
    checkBlock(address, order);
    long page = numbers.page(address);
    if (page == PageNumbers.NONE || !isTaken(page, order)) {
      throw notTaken(address, pageSize.blockBytes(order));
    }
    tree.give(page, order);
    freePages += 1L << order;
  }

  /**
   * Takes all pages of a range of memory that is in use.
   *
   * @throws PageStateException if any of them is not free
   */
  public void claim(long address, long length) {
    checkAligned(address, length);
    if (!isFree(address, length)) {
      throw notFree(address, length);
    }
    forEachBlock(address, length, (block, order) -> tree.take(numbers.page(block), order));
    freePages -= length >>> pageSize.shift();
  }

  /**
   * Gives all pages of a range back.
   *
   * @throws PageStateException if any of them is free, or none of this allocator's
   */
  public void release(long address, long length) {
    checkAligned(address, length);
    if (!allBlocks(address, length, this::isTaken)) {
      throw notTaken(address, length);
    }
    forEachBlock(address, length, (block, order) -> tree.give(numbers.page(block), order));
    freePages += length >>> pageSize.shift();
  }

  /**
   * Takes a range out of the allocator for good: scratch, which must never hold memory that is
   * preserved. Pages that the allocator does not manage are ignored.
   *
   * @throws PageStateException if any of its pages is taken
   */
  public void exclude(long address, long length) {
    checkAligned(address, length);
    forEachWord(
        address,
        length,
        (word, mask) -> {
          long taken = managed.word(word) & ~tree.word(word) & mask;
          if (taken != 0) {
            long at = numbers.address((long) word << 6 | Long.numberOfTrailingZeros(taken));
            throw new PageStateException(
                at,
                "0x%x is allocated, so 0x%x-0x%x cannot be reserved"
                    .formatted(at, address, address + length - 1));
          }
        });
    forEachWord(
        address,
        length,
        (word, mask) -> {
          int excluded = Long.bitCount(managed.word(word) & mask);
          tree.takeWord(word, mask);
          managed.remove(word, mask);
          pages -= excluded;
          freePages -= excluded;
        });
  }

  /** Returns whether all pages of a range are free. */
  public boolean isFree(long address, long length) {
    checkAligned(address, length);
    return allBlocks(address, length, tree::isFree);
  }

  /** Counts the free pages and blocks; walks all of the bitmaps. */
  public PageStatistics statistics() {
    List<Long> blocks = new ArrayList<>(MAX_ORDER + 1);
    for (int order = 0; order <= MAX_ORDER; order++) {
      blocks.add(tree.count(order));
    }
    return new PageStatistics(pages, freePages, List.copyOf(blocks));
  }

  private PageStateException notFree(long address, long length) {
    return wrong(address, length, page -> tree.isFree(page, 0), "is already allocated");
  }

  private PageStateException notTaken(long address, long length) {
    return wrong(address, length, page -> isTaken(page, 0), "is already free");
  }

  /** Returns an exception that names the first page of a range that is not fine. */
  private PageStateException wrong(long address, long length, LongPredicate fine, String fault) {
    long at = address;
    while (numbers.page(at) != PageNumbers.NONE && fine.test(numbers.page(at))) {
      at += pageSize.bytes();
    }
    long page = numbers.page(at);
    boolean own = page != PageNumbers.NONE && !managed.hasNone(page, 0);
    return new PageStateException(
        at,
        "0x%x, page %d of 0x%x-0x%x, %s"
            .formatted(
                at,
                (at - address) >>> pageSize.shift(),
                address,
                address + length - 1,
                own ? fault : "is not memory to allocate from"));
  }

  private boolean isTaken(long page, int order) {
    return tree.isAllTaken(page, order) && managed.hasAll(page, order);
  }

  private boolean allBlocks(long address, long length, BlockTest test) {
    long left = length;
    for (long at = address; left > 0; ) {
      int order = orderAt(at, left);
      long page = numbers.page(at);
      if (page == PageNumbers.NONE || !test.test(page, order)) {
        return false;
      }
      at += pageSize.blockBytes(order);
      left -= pageSize.blockBytes(order);
    }
    return true;
  }

  private void forEachBlock(long address, long length, BlockVisitor visitor) {
    long left = length;
    for (long at = address; left > 0; ) {
      int order = orderAt(at, left);
      visitor.block(at, order);
      at += pageSize.blockBytes(order);
      left -= pageSize.blockBytes(order);
    }
  }

  /** Visits the pages of a range that have numbers, up to 64 at a time. */
  private void forEachWord(long address, long length, WordVisitor visitor) {
    forEachBlock(
        address,
        length,
        (block, order) -> {
          long page = numbers.page(block);
          if (page != PageNumbers.NONE) {
            int inWord = Math.min(order, Blocks.ORDERS);
            for (long at = page; at < page + (1L << order); at += 1L << inWord) {
              visitor.word(
                  (int) (at >>> 6),
                  inWord == Blocks.ORDERS ? Blocks.FULL : Blocks.mask(at, inWord));
            }
          }
        });
  }

  private int orderAt(long address, long length) {
    int alignment = Long.numberOfTrailingZeros(address | 1L << (pageSize.shift() + MAX_ORDER));
    int size = 63 - Long.numberOfLeadingZeros(length);
    return Math.min(alignment, size) - pageSize.shift();
  }

  private void checkBlock(long address, int order) {
    checkOrder(order);
    if (address < 0 || (address & (pageSize.blockBytes(order) - 1)) != 0) {
      throw new PageStateException(
          address,
          "0x%x is not aligned to a block of order %d, 0x%x bytes"
              .formatted(address, order, pageSize.blockBytes(order)));
    }
  }

  private static void checkOrder(int order) {
    if (order < 0 || order > MAX_ORDER) {
      throw new PageStateException(
          KhoException.NOWHERE, "order %d is not between 0 and %d".formatted(order, MAX_ORDER));
    }
  }

  private void checkAligned(long address, long length) {
    if (address < 0
        || length <= 0
        || address > (1L << PageNumbers.ADDRESS_BITS) - length
        || !pageSize.isAligned(address)
        || !pageSize.isAligned(length)) {
      throw new PageStateException(
          address,
          "0x%x bytes at 0x%x are not whole pages of %s below 2^%d"
              .formatted(length, address, pageSize, PageNumbers.ADDRESS_BITS));
    }
  }

  @FunctionalInterface
  private interface BlockTest {
    boolean test(long page, int order);
  }

  @FunctionalInterface
  private interface BlockVisitor {
    void block(long address, int order);
  }

  @FunctionalInterface
  private interface WordVisitor {
    void word(int word, long mask);
  }
}
