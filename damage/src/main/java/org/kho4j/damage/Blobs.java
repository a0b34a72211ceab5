package org.kho4j.damage;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.memory.PhysicalMemory;

/** Device trees in a guest's memory. */
final class Blobs {

  private Blobs() {}

  /** Returns the address of the value of a property: of the first, if several have the name. */
  static long property(GuestMemory guest, long blob, String name) {
    return property(guest.ram, blob, name, 0);
  }

  /** Returns the address of the value of a later property of that name. */
  static long property(PhysicalMemory memory, long blob, String name, int later) {
    int left = later;
    MemorySegment tree = memory.read(blob, 4096);
    var cell = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    long strings = tree.get(cell, 12);
    for (long at = tree.get(cell, 8); at < strings; at += 4) {
      if (tree.get(cell, at) == 3
          && tree.getString(strings + tree.get(cell, at + 8), StandardCharsets.US_ASCII)
              .equals(name)
          && left-- == 0) {
        return blob + at + 12;
      }
    }
    throw new AssertionError("no property " + name);
  }

  /**
   * Adds reservations to the blob of memblock, each of pages of its own.
   *
   * @param size of each, which is preserved in whole pages
   */
  static void reservations(GuestMemory guest, List<String> names, long size) {
    List<ReserveMem> all = new ArrayList<>(guest.reservations());
    for (String name : names) {
      long start = guest.freePage();
      guest.preserve(start, 0);
      all.add(new ReserveMem(name, start, size));
    }
    MemorySegment page = MemorySegment.ofArray(new byte[4096]);
    FdtBuilder builder =
        FdtBuilder.create(page)
            .beginNode("")
            .property(FdtProperty.ofString("compatible", "memblock-v1"));
    for (ReserveMem one : all) {
      builder
          .beginNode(one.name())
          .property(FdtProperty.ofString("compatible", "reserve-mem-v1"))
          .property(FdtProperty.ofU64("start", one.start(), ByteOrder.LITTLE_ENDIAN))
          .property(FdtProperty.ofU64("size", one.size(), ByteOrder.LITTLE_ENDIAN))
          .endNode();
    }
    replace(guest, "memblock", builder.endNode().finish());
  }

  /** Replaces the blob of LUO by the device tree of luo-v1; the page of FLBs stays. */
  static void liveUpdate(GuestMemory guest, long sessions, boolean withFlbs) {
    long flbs = guest.flbs();
    MemorySegment page = MemorySegment.ofArray(new byte[4096]);
    FdtBuilder builder =
        FdtBuilder.create(page)
            .beginNode("")
            .property(FdtProperty.ofString("compatible", "luo-v1"))
            .property(FdtProperty.ofU64("liveupdate-number", 1, ByteOrder.LITTLE_ENDIAN))
            .beginNode("luo-session")
            .property(FdtProperty.ofString("compatible", "luo-session-v2"))
            .property(FdtProperty.ofU64("luo-session-header", sessions, ByteOrder.LITTLE_ENDIAN))
            .endNode();
    if (withFlbs) {
      builder
          .beginNode("luo-flb")
          .property(FdtProperty.ofString("compatible", "luo-flb-v1"))
          .property(FdtProperty.ofU64("luo-flb-header", flbs, ByteOrder.LITTLE_ENDIAN))
          .endNode();
    }
    replace(guest, "LUO", builder.endNode().finish());
  }

  private static void replace(GuestMemory guest, String subtree, MemorySegment blob) {
    guest.put64(guest.sizeField(subtree), Fdt.totalSize(blob));
    guest.ram.put(guest.blob(subtree), blob.toArray(ValueLayout.JAVA_BYTE));
  }
}
