package org.kho4j.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/**
 * A host whose handover is one memfd of 512 GiB in 4K pages: 134 million folio records. Its
 * structures are there; the guest's memory itself, which no rule reads, is not.
 */
final class LargeGuest implements PhysicalMemory {

  static final long RECORDS = 1L << 27;

  private static final int PAGE = 4096;
  private static final long BASE = 513L << 30;
  private static final long SOUND = 3L << 52;

  private static final int LUO = 1;
  private static final int SESSIONS = 2;
  private static final int FILES = 3;
  private static final int MEMFD = 4;
  private static final int FLBS = 5;
  private static final int MAP = 6;
  private static final int MAP_PAGES = 8192;
  private static final int CHUNKS = MAP + MAP_PAGES;
  private static final int ENTRIES = 511;
  private static final int ARRAY_PAGES = (int) (RECORDS * 16 / PAGE);
  private static final int CHUNK_PAGES = (ARRAY_PAGES + ENTRIES - 1) / ENTRIES;
  private static final int ARRAY = CHUNKS + CHUNK_PAGES;
  private static final int PAGES = ARRAY + ARRAY_PAGES;

  private final MemorySegment structures;
  private int mapPages = 1;

  /**
   * Writes the handover.
   *
   * @param scattered whether the guest's pages are in no order
   */
  LargeGuest(Arena arena, boolean scattered) {
    structures = arena.allocate((long) PAGES * PAGE, PAGE);
    for (long page = 1; page <= RECORDS; page++) {
      preserve(page);
    }
    preserve(BASE / PAGE);
    for (int page = LUO; page < PAGES; page++) {
      if (page < MAP || page >= CHUNKS) {
        preserve(BASE / PAGE + page);
      }
    }
    rootFdt();
    luo();
    for (int i = 0; i < ARRAY_PAGES; i++) {
      int chunk = i / ENTRIES;
      put(CHUNKS + chunk, 8 + i % ENTRIES * 8, address(ARRAY + i));
      put(CHUNKS + chunk, 0, chunk + 1 < CHUNK_PAGES ? address(CHUNKS + chunk + 1) : 0);
    }
    for (long i = 0; i < RECORDS; i++) {
      long at = (long) ARRAY * PAGE + i * 16;
      structures.set(ValueLayout.JAVA_LONG, at, SOUND | (scattered ? scatter(i) : i) + 1);
      structures.set(ValueLayout.JAVA_LONG, at + 8, i);
    }
  }

  /** A bijection on 27 bits, the same as in the peer. */
  private static long scatter(long i) {
    long x = i * 0x5851f42d4c957f2dL & (RECORDS - 1);
    x ^= x >>> 13;
    return x * 0x2545f4914f6cdd1dL & (RECORDS - 1);
  }

  Handover handover() {
    return Handovers.of(this, List.of(RootSearch.at(this, BASE)), PageSize.SIZE_4K).getFirst();
  }

  private static long address(int page) {
    return BASE + (long) page * PAGE;
  }

  private void put(int page, long offset, long value) {
    structures.set(ValueLayout.JAVA_LONG_UNALIGNED, (long) page * PAGE + offset, value);
  }

  private void text(int page, long offset, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    MemorySegment.copy(
        bytes, 0, structures, ValueLayout.JAVA_BYTE, (long) page * PAGE + offset, bytes.length);
  }

  private void preserve(long page) {
    long key = 1L << 52 | page;
    long table = (long) MAP * PAGE;
    for (int level = 5; level > 0; level--) {
      long slot = table + 8L * KhoRadix.index(PageSize.SIZE_4K, level, key);
      if (structures.get(ValueLayout.JAVA_LONG, slot) == 0) {
        structures.set(ValueLayout.JAVA_LONG, slot, address(MAP + mapPages++));
      }
      table = structures.get(ValueLayout.JAVA_LONG, slot) - BASE;
    }
    long word = table + (key & 0x7fff) / 64 * 8;
    structures.set(
        ValueLayout.JAVA_LONG, word, structures.get(ValueLayout.JAVA_LONG, word) | 1L << key);
  }

  private void rootFdt() {
    MemorySegment page = MemorySegment.ofArray(new byte[PAGE]);
    MemorySegment tree =
        FdtBuilder.create(page)
            .beginNode("")
            .property(FdtProperty.ofString("compatible", "kho-v4"))
            .property(
                FdtProperty.ofU64("preserved-memory-map", address(MAP), ByteOrder.LITTLE_ENDIAN))
            .beginNode("LUO")
            .property(FdtProperty.ofU64("preserved-data", address(LUO), ByteOrder.LITTLE_ENDIAN))
            .property(FdtProperty.ofU64("blob-size", 32, ByteOrder.LITTLE_ENDIAN))
            .endNode()
            .endNode()
            .finish();
    MemorySegment.copy(tree, 0, structures, 0, Fdt.totalSize(tree));
  }

  private void luo() {
    text(LUO, 0, "luo-v5");
    put(LUO, 8, 1);
    put(LUO, 16, address(SESSIONS));
    put(LUO, 24, address(FLBS));
    put(FLBS, 0, 1);
    put(SESSIONS, 8, 1);
    text(SESSIONS, 16, "vm");
    put(SESSIONS, 80, address(FILES));
    put(SESSIONS, 88, 1);
    put(FILES, 8, 1);
    text(FILES, 16, "memfd-v2");
    put(FILES, 64, address(MEMFD));
    put(MEMFD, 8, RECORDS * PAGE);
    put(MEMFD, 24, RECORDS);
    put(MEMFD, 32, address(CHUNKS));
    put(MEMFD, 40, 1L << 32 | ARRAY_PAGES);
  }

  @Override
  public MemorySource source() {
    return new MemorySource(
        Path.of("synthesised"),
        MemorySource.Kind.RAW,
        BASE + structures.byteSize(),
        MemorySource.Machine.X86_64,
        OptionalInt.of(PAGE));
  }

  @Override
  public MemorySegment read(long address, long length) {
    if (address < BASE || address + length > BASE + structures.byteSize()) {
      throw new AbsentMemoryException(address, "0x%x is not there".formatted(address));
    }
    return structures.asSlice(address - BASE, length).asReadOnly();
  }

  @Override
  public boolean contains(long address, long length) {
    return address >= 0 && address + length <= BASE + structures.byteSize();
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    visitor.range(0, BASE + structures.byteSize());
  }

  @Override
  public void close() {}
}
