package org.kho4j.warm;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.kho4j.warm.StoreLayout.U32;
import static org.kho4j.warm.StoreLayout.U64;
import static org.kho4j.warm.WarmException.Reason.DAMAGED;
import static org.kho4j.warm.WarmException.Reason.FOREIGN;
import static org.kho4j.warm.WarmException.Reason.LAYOUT;
import static org.kho4j.warm.WarmException.Reason.TRUNCATED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.pages.AddressRange;

/**
 * The identity of a store on its first page: written once.
 *
 * @param name of the store
 * @param pageSize of the host that created it
 * @param size bytes of the file
 * @param schema the application's number
 * @param user id of the owner
 * @param sparse whether its memory is not reserved
 * @param log the range of the undo log
 */
record StoreIdentity(
    String name,
    PageSize pageSize,
    long size,
    long schema,
    int user,
    boolean sparse,
    AddressRange log) {

  /**
   * Reads the first page.
   *
   * @param fileSize bytes that the file has
   * @throws WarmException if the page is not a store's, has another layout, or is damaged
   */
  static StoreIdentity read(Path path, MemorySegment page, long fileSize) {
    String magic =
        new String(
            page.asSlice(0, StoreLayout.MAGIC.length()).toArray(ValueLayout.JAVA_BYTE), US_ASCII);
    if (!magic.equals(StoreLayout.MAGIC)) {
      throw new WarmException(
          FOREIGN,
          "%s is not a warm store: it does not begin with \"%s\""
              .formatted(path, StoreLayout.MAGIC));
    }
    int layout = page.get(U32, StoreLayout.LAYOUT_AT);
    if (layout != StoreLayout.LAYOUT) {
      throw new WarmException(
          LAYOUT,
          "%s: the store has layout %d; this version reads layout %d"
              .formatted(path, layout, StoreLayout.LAYOUT));
    }
    int recorded = page.get(U32, StoreLayout.IDENTITY_CHECKSUM_AT);
    int actual = checksum(page);
    if (recorded != actual) {
      throw new WarmException(
          DAMAGED,
          "%s: the first page's checksum is 0x%08x, not 0x%08x".formatted(path, actual, recorded));
    }
    int pageBytes = page.get(U32, StoreLayout.PAGE_SIZE_AT);
    PageSize pageSize = PageSize.ofBytes(pageBytes).orElse(null);
    if (pageSize == null || page.get(U64, StoreLayout.BYTE_ORDER_AT) != StoreLayout.BYTE_ORDER) {
      throw new WarmException(
          LAYOUT,
          "%s: the store has pages of %d bytes and byte order 0x%x: no host of this kind wrote it"
              .formatted(path, pageBytes, page.get(U64, StoreLayout.BYTE_ORDER_AT)));
    }
    StoreIdentity identity =
        new StoreIdentity(
            page.asSlice(StoreLayout.NAME_AT, StoreLayout.NAME_BYTES).getString(0),
            pageSize,
            page.get(U64, StoreLayout.SIZE_AT),
            page.get(U64, StoreLayout.SCHEMA_AT),
            page.get(U32, StoreLayout.USER_AT),
            (page.get(U32, StoreLayout.FLAGS_AT) & StoreLayout.FLAG_SPARSE) != 0,
            new AddressRange(
                page.get(U64, StoreLayout.LOG_ADDRESS_AT),
                page.get(U64, StoreLayout.LOG_BYTES_AT)));
    if (identity.log.length() > StoreLayout.MAX_LOG
        || identity.log.length() < pageBytes
        || !identity.isWholePages(identity.log)) {
      throw new WarmException(
          DAMAGED,
          "%s: the log at %s is not 1 page to %d bytes of whole pages"
              .formatted(path, identity.log, StoreLayout.MAX_LOG));
    }
    if (identity.size != fileSize) {
      throw new WarmException(
          TRUNCATED,
          "%s: the file has %d bytes; the store has %d".formatted(path, fileSize, identity.size));
    }
    if (identity.log.end() > fileSize) {
      throw new WarmException(
          DAMAGED, "%s: the log at %s is not in the store".formatted(path, identity.log));
    }
    return identity;
  }

  /** Returns whether a range begins and ends at pages, as every range of a store does. */
  boolean isWholePages(AddressRange range) {
    return pageSize.isAligned(range.address()) && pageSize.isAligned(range.length());
  }

  /** Returns all whole pages of the store except the first and the log, as free. */
  FreeSpace freeSpace() {
    long page = pageSize.bytes();
    FreeSpace free = new FreeSpace(new AddressRange(page, (size & -page) - page));
    if (!free.takeAt(log)) {
      throw new IllegalArgumentException("the log at %s is not in the store".formatted(log));
    }
    return free;
  }

  /** Stores the whole identity; the first word is stored last and makes the file a store. */
  void write(StoreMemory memory) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(StoreLayout.IDENTITY_BYTES, Long.BYTES);
      MemorySegment.copy(
          StoreLayout.MAGIC.getBytes(US_ASCII), 0, page, ValueLayout.JAVA_BYTE, 0, 16);
      page.set(U32, StoreLayout.LAYOUT_AT, StoreLayout.LAYOUT);
      page.set(U32, StoreLayout.PAGE_SIZE_AT, pageSize.bytes());
      page.set(U64, StoreLayout.BYTE_ORDER_AT, StoreLayout.BYTE_ORDER);
      page.set(U64, StoreLayout.SIZE_AT, size);
      page.set(U64, StoreLayout.SCHEMA_AT, schema);
      page.set(U32, StoreLayout.USER_AT, user);
      page.set(U32, StoreLayout.FLAGS_AT, sparse ? StoreLayout.FLAG_SPARSE : 0);
      page.set(U64, StoreLayout.LOG_ADDRESS_AT, log.address());
      page.set(U64, StoreLayout.LOG_BYTES_AT, log.length());
      page.setString(StoreLayout.NAME_AT, name);
      page.set(U32, StoreLayout.IDENTITY_CHECKSUM_AT, checksum(page));
      memory.copy(Long.BYTES, page.asSlice(Long.BYTES));
      memory.publish(0, page.get(U64, 0));
    }
  }

  private static int checksum(MemorySegment page) {
    return StoreLayout.checksum(page.asSlice(0, StoreLayout.IDENTITY_CHECKSUM_AT));
  }
}
