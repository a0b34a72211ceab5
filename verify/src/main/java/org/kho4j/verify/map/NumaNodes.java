package org.kho4j.verify.map;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kho4j.files.LittleEndian;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;

/**
 * The NUMA nodes of a PC, as its firmware describes them in the ACPI table SRAT, which lies in RAM.
 * Field offsets are those of the ACPI specification.
 */
public final class NumaNodes {

  /**
   * The area in which a PC's BIOS leaves the pointer to its tables. UEFI passes the pointer
   * otherwise.
   */
  private static final long BIOS = 0xe0000;

  private static final int BIOS_BYTES = 0x20000;
  private static final String POINTER = "RSD PTR ";
  private static final int POINTER_BYTES = 20;
  private static final int POINTER_RSDT = 16;

  private static final int TABLE_LENGTH = 4;
  private static final int TABLE_HEADER = 36;
  private static final int MAX_TABLE = 1 << 16;

  private static final int SRAT_HEADER = 48;
  private static final int MEMORY = 1;
  private static final int MEMORY_BYTES = 40;

  private NumaNodes() {}

  /** Returns the addresses at which memory of another node begins; none if there is no table. */
  public static List<Long> borders(PhysicalMemory memory) {
    MemorySegment bios = read(memory, BIOS, BIOS_BYTES);
    for (long at = 0; bios != null && at + POINTER_BYTES <= BIOS_BYTES; at += 16) {
      MemorySegment pointer = bios.asSlice(at, POINTER_BYTES);
      if (text(pointer, POINTER.length()).equals(POINTER) && sum(pointer) == 0) {
        return ofTables(
            memory, Integer.toUnsignedLong(pointer.get(LittleEndian.U32, POINTER_RSDT)));
      }
    }
    return List.of();
  }

  private static List<Long> ofTables(PhysicalMemory memory, long address) {
    MemorySegment list = table(memory, address, "RSDT");
    if (list != null) {
      for (long at = TABLE_HEADER; at + Integer.BYTES <= list.byteSize(); at += Integer.BYTES) {
        MemorySegment srat =
            table(memory, Integer.toUnsignedLong(list.get(LittleEndian.U32, at)), "SRAT");
        if (srat != null) {
          return ofSrat(srat);
        }
      }
    }
    return List.of();
  }

  private static List<Long> ofSrat(MemorySegment srat) {
    NavigableMap<Long, Integer> nodes = new TreeMap<>();
    for (long at = SRAT_HEADER; at + 2 <= srat.byteSize(); ) {
      int type = Byte.toUnsignedInt(srat.get(ValueLayout.JAVA_BYTE, at));
      int bytes = Byte.toUnsignedInt(srat.get(ValueLayout.JAVA_BYTE, at + 1));
      if (bytes < 2 || at + bytes > srat.byteSize()) {
        break;
      }
      if (type == MEMORY && bytes == MEMORY_BYTES) {
        memory(srat.asSlice(at, bytes), nodes);
      }
      at += bytes;
    }
    List<Long> borders = new ArrayList<>();
    Integer before = null;
    for (var node : nodes.entrySet()) {
      if (before != null && !before.equals(node.getValue())) {
        borders.add(node.getKey());
      }
      before = node.getValue();
    }
    return borders;
  }

  private static void memory(MemorySegment entry, NavigableMap<Long, Integer> nodes) {
    boolean enabled = (entry.get(LittleEndian.U32, 28) & 1) != 0;
    if (enabled && entry.get(LittleEndian.U64, 16) != 0) {
      nodes.put(entry.get(LittleEndian.U64, 8), entry.get(LittleEndian.U32, 2));
    }
  }

  /** Returns a whole table; null if there is none of that name whose bytes add up to 0. */
  private static @Nullable MemorySegment table(PhysicalMemory memory, long address, String name) {
    MemorySegment header = read(memory, address, TABLE_HEADER);
    if (header == null || !text(header, name.length()).equals(name)) {
      return null;
    }
    int length = header.get(LittleEndian.U32, TABLE_LENGTH);
    if (length < TABLE_HEADER || length > MAX_TABLE) {
      return null;
    }
    MemorySegment table = read(memory, address, length);
    return table != null && sum(table) == 0 ? table : null;
  }

  private static @Nullable MemorySegment read(PhysicalMemory memory, long address, long length) {
    try {
      return memory.read(address, length);
    } catch (MemoryReadException e) {
      return null;
    }
  }

  private static String text(MemorySegment bytes, int length) {
    return new String(
        bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
  }

  private static byte sum(MemorySegment bytes) {
    byte sum = 0;
    for (long at = 0; at < bytes.byteSize(); at++) {
      sum += bytes.get(ValueLayout.JAVA_BYTE, at);
    }
    return sum;
  }
}
