package org.kho4j.warm;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.CRC32C;
import org.kho4j.files.LittleEndian;

/**
 * The layout of a store: its first page, and the set of metadata that the first page points at.
 * Numbers are little-endian, addresses are offsets in the file, and no structure has a pointer of a
 * process.
 *
 * <pre>
 * first page
 *     0  identity, written once
 *          0 magic (16 bytes)   16 layout (u32)      20 page size (u32)   24 byte order (u64)
 *         32 size (u64)         40 schema (u64)      48 user id (u32)     52 flags (u32)
 *         56 log address (u64)  64 log bytes (u64)   72 name (64 bytes)  248 CRC-32C of 0 to 247
 *   256  ownership: 0 state (u64)   8 epoch (u64)   16 boot id (16 bytes)
 *   320  undo log:  0 head (u64)    8 sequence (u64)
 *   384  slot 0     0 state (u64)   8 generation   16 address of the set   24 bytes of the set
 *                  32 first word of the set        40 address of the directory
 *                  48 bytes of the directory       56 CRC-32C of the set    60 CRC-32C of 0 to 59
 *   448  slot 1
 *
 * set (one of two at a time)
 *     a handover: the root FDT on its first page, the nodes of the preserved map, the directory
 * </pre>
 *
 * <p>A slot's state is either {@link #COMMITTED} or {@link #EMPTY}; the other numbers of an empty
 * slot have no meaning. The committed slot with the higher generation is live. The set's first word
 * holds the FDT's magic: it is zero in a set that is not live, so that no reader takes it for a
 * handover, and its value is in the slot.
 */
final class StoreLayout {

  static final ValueLayout.OfLong U64 = LittleEndian.U64;
  static final ValueLayout.OfInt U32 = LittleEndian.U32;

  static final String MAGIC = "kho4j-warm-store";
  static final int LAYOUT = 1;

  static final long BYTE_ORDER = 0x0102_0304_0506_0708L;
  static final int FLAG_SPARSE = 1;

  static final int LAYOUT_AT = 16;
  static final int PAGE_SIZE_AT = 20;
  static final int BYTE_ORDER_AT = 24;
  static final int SIZE_AT = 32;
  static final int SCHEMA_AT = 40;
  static final int USER_AT = 48;
  static final int FLAGS_AT = 52;
  static final int LOG_ADDRESS_AT = 56;
  static final int LOG_BYTES_AT = 64;
  static final int NAME_AT = 72;
  static final int IDENTITY_CHECKSUM_AT = 248;
  static final int IDENTITY_BYTES = 256;

  static final int STATE_AT = 256;
  static final int EPOCH_AT = 264;
  static final int BOOT_ID_AT = 272;

  /** The last owner closed the store. */
  static final long CLEAN = 0x6e61_656c_632d_6f68L;

  /** An owner has the store open, or died with it. */
  static final long DIRTY = 0x7974_7269_642d_6f68L;

  /** Most bytes of a log; a log has a 64th of the store, up to this limit. */
  static final long MAX_LOG = 4L << 20;

  static final int LOG_HEAD_AT = 320;
  static final int LOG_SEQUENCE_AT = 328;

  static final int SLOT_AT = 384;
  static final int SLOT_BYTES = 64;
  static final long COMMITTED = 0x7469_6d6d_6f63_2a2aL;
  static final long EMPTY = 0;

  /** Longest name of a store or a region, in bytes; the 64th is zero. */
  static final int MAX_NAME = 63;

  static final int NAME_BYTES = 64;

  /** Bytes that a checksum copies at once: they stay in the first cache. */
  private static final int PIECE = 1 << 13;

  private StoreLayout() {}

  static int checksum(MemorySegment bytes) {
    CRC32C crc = new CRC32C();
    update(crc, bytes);
    return (int) crc.getValue();
  }

  /**
   * Adds bytes to a checksum, through the heap: if a mapped file has become shorter, copying throws
   * {@link InternalError}, but CRC32C's own reading of the mapping would end the JVM.
   */
  static void update(CRC32C crc, MemorySegment bytes) {
    byte[] piece = new byte[(int) Math.min(PIECE, bytes.byteSize())];
    for (long at = 0; at < bytes.byteSize(); at += PIECE) {
      int length = (int) Math.min(PIECE, bytes.byteSize() - at);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, piece, 0, length);
      crc.update(piece, 0, length);
    }
  }

  /**
   * Checks a name.
   *
   * @param what it names
   * @throws IllegalArgumentException if it is empty, longer than {@value #MAX_NAME} bytes, has a
   *     control character, or half of a surrogate pair, which UTF-8 does not have
   */
  static void checkName(String what, String name) {
    int length = name.getBytes(UTF_8).length;
    if (length == 0
        || length > MAX_NAME
        || name.chars().anyMatch(Character::isISOControl)
        || !UTF_8.newEncoder().canEncode(name)) {
      throw new IllegalArgumentException(
          "\"%s\" is no name of a %s: it has 1 to %d bytes of UTF-8 and no control characters"
              .formatted(name, what, MAX_NAME));
    }
  }
}
