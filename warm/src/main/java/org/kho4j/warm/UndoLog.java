package org.kho4j.warm;

import static org.kho4j.warm.StoreLayout.LOG_HEAD_AT;
import static org.kho4j.warm.StoreLayout.LOG_SEQUENCE_AT;
import static org.kho4j.warm.StoreLayout.U32;
import static org.kho4j.warm.StoreLayout.U64;
import static org.kho4j.warm.WarmException.Reason.DAMAGED;
import static org.kho4j.warm.WarmException.Reason.ROOM;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.kho4j.handover.pages.AddressRange;

/**
 * The undo log: the content of ranges before a transaction changes them. The head has the number of
 * valid bytes of the log: 0 outside of a transaction. An entry is valid before its range is
 * changed, so any interrupted transaction can be rolled back.
 *
 * <pre>
 * head   0 CRC-32C of the bytes and the sequence (u32)   4 bytes (u32); 0 if there are none
 * entry  0 address (u64)   8 bytes (u32)   12 CRC-32C of sequence, address, bytes and content
 *       16 the content before, padded to 8 bytes
 * </pre>
 *
 * <p>The sequence counts transactions, so that an entry of an earlier transaction is never taken
 * for one of the current transaction.
 */
final class UndoLog {

  private static final int ENTRY_HEAD = 16;

  /** No region has these bytes: a page has at least as many. */
  private static final int FIRST_PAGE = 1 << 12;

  private final StoreMemory memory;
  private final AddressRange log;
  private long used;

  UndoLog(StoreMemory memory, AddressRange log) {
    this.memory = memory;
    this.log = log;
  }

  /** Begins a transaction. */
  void begin() {
    memory.publish(LOG_SEQUENCE_AT, memory.get(LOG_SEQUENCE_AT) + 1);
    used = 0;
  }

  /**
   * Saves the content of ranges, of all or of none.
   *
   * @throws WarmException if the log has no room; nothing was saved then
   */
  void keep(List<AddressRange> ranges) {
    long sequence = memory.get(LOG_SEQUENCE_AT);
    long needed = ranges.stream().mapToLong(range -> ENTRY_HEAD + padded(range.length())).sum();
    if (needed > log.length() - used) {
      throw new WarmException(
          ROOM,
          "%s: a transaction of %d more bytes: its log has %d of %d bytes left"
              .formatted(memory.path(), needed, log.length() - used, log.length()));
    }
    for (AddressRange range : ranges) {
      long at = log.address() + used;
      memory.put(at, range.address());
      memory.copy(at + ENTRY_HEAD, memory.read(range.address(), range.length()));
      // Of the copy: other threads may store in the range meanwhile.
      MemorySegment saved = memory.read(at + ENTRY_HEAD, range.length());
      memory.put(
          at + 8,
          range.length() | (long) checksum(sequence, range.address(), saved) << Integer.SIZE);
      used += ENTRY_HEAD + padded(range.length());
    }
    memory.publish(LOG_HEAD_AT, head(used, sequence));
  }

  /** Ends the transaction and keeps its changes. */
  void forget() {
    memory.publish(LOG_HEAD_AT, 0);
    used = 0;
  }

  /**
   * Ends the transaction and rolls its changes back. After a crash during the roll-back, the next
   * owner repeats it.
   */
  void rollBack() {
    for (SavedRange entry : entries(memory, log).reversed()) {
      memory.copy(entry.address, entry.content);
    }
    forget();
  }

  /**
   * Returns the valid entries.
   *
   * @throws WarmException if the log is damaged
   */
  static List<SavedRange> entries(StoreBytes memory, AddressRange log) {
    long head = memory.get(LOG_HEAD_AT);
    long sequence = memory.get(LOG_SEQUENCE_AT);
    long bytes = head >>> Integer.SIZE;
    if (head == 0) {
      return List.of();
    }
    if (bytes > log.length() || head != head(bytes, sequence)) {
      throw damaged(memory, LOG_HEAD_AT, "the head 0x%x does not match".formatted(head));
    }
    List<SavedRange> entries = new ArrayList<>();
    long at = log.address();
    long end = log.address() + bytes;
    while (at < end) {
      if (end - at < ENTRY_HEAD) {
        throw damaged(memory, at, "the last entry is too short");
      }
      MemorySegment entryHead = memory.read(at, ENTRY_HEAD);
      long address = entryHead.get(U64, 0);
      long length = Integer.toUnsignedLong(entryHead.get(U32, 8));
      if (length > end - at - ENTRY_HEAD
          || address < FIRST_PAGE
          || log.overlaps(address, length)
          || address > memory.size() - length) {
        throw damaged(memory, at, "an entry of %d bytes for 0x%x".formatted(length, address));
      }
      MemorySegment content = memory.read(at + ENTRY_HEAD, length);
      if (checksum(sequence, address, content) != entryHead.get(U32, 12)) {
        throw damaged(memory, at, "the checksum of the entry for 0x%x is wrong".formatted(address));
      }
      entries.add(new SavedRange(address, content));
      at += ENTRY_HEAD + padded(length);
    }
    return entries;
  }

  /** The saved content of a range. */
  record SavedRange(long address, MemorySegment content) {}

  private static WarmException damaged(StoreBytes memory, long at, String why) {
    return new WarmException(DAMAGED, "%s: undo log at 0x%x: %s".formatted(memory.path(), at, why));
  }

  private static long padded(long length) {
    return (length + 7) & -8;
  }

  private static long head(long bytes, long sequence) {
    CRC32C crc = new CRC32C();
    crc.update(
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(bytes)
            .putLong(sequence)
            .flip());
    return bytes << Integer.SIZE | crc.getValue();
  }

  private static int checksum(long sequence, long address, MemorySegment content) {
    CRC32C crc = new CRC32C();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment head = arena.allocate(24, Long.BYTES);
      head.set(U64, 0, sequence);
      head.set(U64, 8, address);
      head.set(U64, 16, content.byteSize());
      crc.update(head.asByteBuffer());
    }
    StoreLayout.update(crc, content);
    return (int) crc.getValue();
  }
}
