package org.kho4j.memory.kdump;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.files.packed.Spool;

/**
 * The flattened form of a dump, made for pipes: records, each with an offset, a length and the
 * bytes.
 *
 * <pre>
 *     0  "makedumpfile", zeros up to 16
 *    16  s64 type (1), 24  s64 version (1)      big-endian, like all numbers here
 *  4096  records: s64 offset in the dump, s64 length, the bytes
 *        ... until a record of offset -1, length -1
 * </pre>
 *
 * <p>Nothing is rearranged on disk: an index locates each byte of the dump. Where records overlap,
 * the later one wins. A truncated file has the records up to its end.
 */
public final class FlattenedFile {

  /** Writers flush 16 KiB and more at a time; their headers and last flushes are smaller. */
  static final int MIN_AVERAGE_RECORD = 256;

  /** Number of records that a file may have whatever their size. */
  static final int MIN_RECORDS = 1 << 16;

  /** Most bytes of a dump beside those of its records. */
  static final long MAX_GAPS = 1L << 26;

  private static final String SIGNATURE = "makedumpfile\0";
  private static final int HEADER = 4096;
  private static final int RECORD_HEADER = 16;
  private static final long END = -1;
  private static final ValueLayout.OfLong BIG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final MappedFile file;
  private final MemorySegment bytes;

  private FlattenedFile(MappedFile file) {
    this.file = file;
    this.bytes = file.bytes();
  }

  /** Returns whether these are the first bytes of a flattened file. */
  public static boolean matches(MemorySegment bytes) {
    return DumpBytes.startsWith(bytes, SIGNATURE);
  }

  /** Indexes the bytes of the dump. */
  public static DumpBytes open(MappedFile file) throws MalformedImageException {
    return new FlattenedFile(file).index();
  }

  /**
   * Copies the dump into a temporary file, where each byte is at its own offset.
   *
   * @throws MalformedImageException if the dump is larger than its records by more than the allowed
   *     gaps
   */
  public static MappedFile rearrange(MappedFile file, DumpBytes dump, Spool spool)
      throws IOException {
    if (dump.size() - MAX_GAPS > file.size()) {
      throw new MalformedImageException(
          "%s has %d bytes of records for a dump of %d bytes: records are missing"
              .formatted(file.path(), file.size(), dump.size()));
    }
    return spool.copy(file.path(), dump.stream());
  }

  private DumpBytes index() throws MalformedImageException {
    if (bytes.byteSize() < HEADER) {
      throw malformed("ends within the header of the flattened form: it has 4096 bytes");
    }
    long type = bytes.get(BIG, 16);
    long version = bytes.get(BIG, 24);
    if (type != 1 || version != 1) {
      throw malformed(
          "has the flattened form's type " + type + ", version " + version + ": 1, 1 is read");
    }
    PieceTable table = new PieceTable(file);
    long most = Math.max(MIN_RECORDS, bytes.byteSize() / MIN_AVERAGE_RECORD);
    long at = HEADER;
    boolean ended = false;
    while (bytes.byteSize() - at >= RECORD_HEADER) {
      long offset = bytes.get(BIG, at);
      long length = bytes.get(BIG, at + 8);
      if (offset == END && length == END) {
        ended = true;
        break;
      }
      if (offset < 0 || length <= 0 || offset + length < 0) {
        throw malformed(
            "has at offset 0x"
                + Long.toHexString(at)
                + " a record of 0x"
                + Long.toHexString(length)
                + " bytes for offset 0x"
                + Long.toHexString(offset)
                + " of the dump");
      }
      if (table.count() == most) {
        throw malformed("has more than " + most + " records, which no writer makes");
      }
      at += RECORD_HEADER;
      long here = Math.min(length, bytes.byteSize() - at);
      if (here > 0) {
        table.add(offset, here, at);
      }
      at += here;
    }
    return new DumpBytes(bytes::asSlice, table.disjoint(), !ended);
  }

  private MalformedImageException malformed(String what) {
    return new MalformedImageException(file.path() + " " + what);
  }
}
