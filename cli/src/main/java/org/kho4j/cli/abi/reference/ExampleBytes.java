package org.kho4j.cli.abi.reference;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.Structure;

/** Bytes written out from the tables' offsets. */
final class ExampleBytes {

  private ExampleBytes() {}

  /** pfn 0x12345, dirty and uptodate, index 7. */
  static String memfdFolio() {
    byte[] bytes = allocate(MemfdFolio.STRUCTURE);
    long flags = MemfdFolio.FLAG_DIRTY | MemfdFolio.FLAG_UPTODATE;
    put(bytes, MemfdFolio.PFN_AND_FLAGS, 0x12345 | flags << MemfdFolio.PFN_BITS);
    put(bytes, MemfdFolio.INDEX, 7);
    return hex(bytes);
  }

  /** first 0x549000, 600 pages, VM_ALLOC, order 0. */
  static String vmalloc() {
    byte[] bytes = allocate(KhoVmalloc.STRUCTURE);
    put(bytes, KhoVmalloc.FIRST, 0x549000);
    put(bytes, KhoVmalloc.TOTAL_PAGES, 600);
    put(bytes, KhoVmalloc.FLAGS, KhoVmalloc.FLAG_ALLOC);
    put(bytes, KhoVmalloc.ORDER, 0);
    return hex(bytes);
  }

  private static byte[] allocate(Structure structure) {
    return new byte[structure.headerSize()];
  }

  private static void put(byte[] bytes, Field field, long value) {
    ByteBuffer at = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(field.offset());
    switch (field.size()) {
      case Short.BYTES -> at.putShort((short) value);
      case Integer.BYTES -> at.putInt((int) value);
      case Long.BYTES -> at.putLong(value);
      default -> throw new IllegalArgumentException(field + " is not a number");
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.ofDelimiter(" ").formatHex(bytes);
  }
}
