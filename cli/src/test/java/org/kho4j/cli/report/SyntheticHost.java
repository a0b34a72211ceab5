package org.kho4j.cli.report;

import java.io.IOException;
import java.io.Writer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.verify.VerifiedSource.Candidate;
import org.kho4j.fdt.Fdt;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Verifier;

/**
 * A host of a terabyte, of which only the structures of its handover are there: a root FDT, and a
 * map that preserves whatever a test sets in it.
 */
public final class SyntheticHost implements PhysicalMemory {

  static final ReportOrigin ORIGIN =
      new ReportOrigin(
          "kho report ram -o report.html",
          "kho 0.1.0 (Java 25)",
          Instant.EPOCH,
          Path.of("ram"),
          Optional.empty());

  static final long BYTES = 1L << 40;

  private static final int PAGE = 4096;
  private static final long BASE = BYTES - (64L << 20);
  private static final int MOST_PAGES = 9000;

  private final MemorySegment structures;
  private int used = 2;

  SyntheticHost(Arena arena) {
    structures = arena.allocate((long) MOST_PAGES * PAGE, PAGE);
    preserve(BASE, 0);
    MemorySegment tree =
        FdtBuilder.create(MemorySegment.ofArray(new byte[PAGE]))
            .beginNode("")
            .property(FdtProperty.ofString("compatible", "kho-v4"))
            .property(
                FdtProperty.ofU64("preserved-memory-map", BASE + PAGE, ByteOrder.LITTLE_ENDIAN))
            .endNode()
            .finish();
    MemorySegment.copy(tree, 0, structures, 0, Fdt.totalSize(tree));
  }

  /** Preserves a block of 2^order pages. */
  void preserve(long address, int order) {
    long key = KhoRadix.key(PageSize.SIZE_4K, address, order);
    long word = leaf(key) + (key & 0x7fff) / 64 * 8;
    structures.set(
        ValueLayout.JAVA_LONG, word, structures.get(ValueLayout.JAVA_LONG, word) | 1L << key);
  }

  /** Preserves single pages of all of the terabyte: those whose bit is set, by 64. */
  void preserveEverywhere(long bits) {
    for (long at = 0; at < BASE; at += 32768L * PAGE) {
      long leaf = leaf(KhoRadix.key(PageSize.SIZE_4K, at, 0));
      for (int word = 0; word < PAGE; word += 8) {
        structures.set(ValueLayout.JAVA_LONG, leaf + word, bits);
      }
    }
    preserve(BASE, 0);
  }

  private long leaf(long key) {
    long table = PAGE;
    for (int level = 5; level > 0; level--) {
      long slot = table + 8L * KhoRadix.index(PageSize.SIZE_4K, level, key);
      if (structures.get(ValueLayout.JAVA_LONG, slot) == 0) {
        structures.set(ValueLayout.JAVA_LONG, slot, BASE + (long) used++ * PAGE);
      }
      table = structures.get(ValueLayout.JAVA_LONG, slot) - BASE;
    }
    return table;
  }

  /**
   * Writes the report about a host with 2 MiB pages in its lower half, and scattered pages above.
   */
  public static void writeReport(Path page) throws IOException {
    try (Arena arena = Arena.ofShared();
        Writer out = Files.newBufferedWriter(page)) {
      SyntheticHost host = new SyntheticHost(arena);
      SplittableRandom random = new SplittableRandom(1);
      for (long at = 0; at < BYTES / 2; at += 2L << 20) {
        if ((at >>> 36) % 3 != 1) {
          host.preserve(at, 9);
        }
      }
      for (int i = 0; i < 3000; i++) {
        host.preserve(BYTES / 2 + (random.nextLong(BYTES / 8) & -PAGE), 0);
      }
      HandoverPart part = HandoverPart.of(host.candidate(), Verifier.Options.ALL, "h0");
      new ReportPage(host.source(), List.of(part), 0, part.findings(), part.checked(), ORIGIN)
          .write(out);
    }
  }

  Candidate candidate() {
    return new Candidate(
        Handovers.of(this, List.of(RootSearch.at(this, BASE)), PageSize.SIZE_4K).getFirst());
  }

  @Override
  public MemorySource source() {
    return new MemorySource(
        Path.of("synthetic-host.ram"),
        MemorySource.Kind.RAW,
        BYTES,
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
    return address >= 0 && address + length <= BYTES;
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    visitor.range(0, BYTES);
  }

  @Override
  public void close() {}
}
