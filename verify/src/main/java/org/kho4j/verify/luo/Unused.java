package org.kho4j.verify.luo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;

/**
 * The part of a list behind the entries that its count covers. A kernel allocates lists zeroed and
 * writes nothing there, so a byte other than 0 belongs to an entry that the count lost.
 */
public final class Unused {

  /** Every entry of a list begins with a name, of 48 or 64 bytes. */
  private static final int NAME = 64;

  private Unused() {}

  /**
   * Reports entries behind the count, if there are any.
   *
   * @param rule that such entries break, for this kind of list
   * @param rest the bytes of the list behind its counted entries
   * @param address of {@code rest}
   * @param count the entries that the list counts
   */
  static void check(
      Scene scene,
      Rule rule,
      Where where,
      MemorySegment rest,
      long address,
      int entrySize,
      long count) {
    long first = -1;
    long entries = 0;
    for (long at = 0; at < rest.byteSize(); at += entrySize) {
      if (!isZero(rest.asSlice(at, Math.min(entrySize, rest.byteSize() - at)))) {
        first = first < 0 ? at : first;
        entries++;
      }
    }
    if (entries > 0) {
      String name = name(rest.asSlice(first));
      scene.report(
          rule,
          where,
          address + first,
          "count is %d, but %s not 0, first entry %d%s",
          count,
          entries == 1 ? "1 entry after it is" : entries + " entries after it are",
          count + first / entrySize,
          name.isEmpty() ? "" : " (\"%s\")".formatted(name));
    }
  }

  /** Returns whether every byte is 0. */
  public static boolean isZero(MemorySegment bytes) {
    long size = bytes.byteSize();
    for (long at = 0; at + Long.BYTES <= size; at += Long.BYTES) {
      if (bytes.get(StructureView.U64, at) != 0) {
        return false;
      }
    }
    for (long at = size & -Long.BYTES; at < size; at++) {
      if (bytes.get(ValueLayout.JAVA_BYTE, at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Returns the printable ASCII name at the start of an entry; empty if there is no such name. */
  public static String name(MemorySegment entry) {
    int length = Math.max(0, nameLength(entry));
    return new String(
        entry.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII);
  }

  /** Bytes of the printable ASCII name at the start of an entry; -1 if there is no such name. */
  public static int nameLength(MemorySegment entry) {
    for (int i = 0; i < Math.min(NAME, entry.byteSize()); i++) {
      byte next = entry.get(ValueLayout.JAVA_BYTE, i);
      if (next == 0) {
        return i;
      }
      if (next < 0x20 || next > 0x7e) {
        return -1;
      }
    }
    return -1;
  }
}
