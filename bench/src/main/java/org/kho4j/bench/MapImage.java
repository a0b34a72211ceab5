package org.kho4j.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.WritableMemory;

/**
 * A RAM file with the handover of a host of 1 TiB: a root FDT, and a preserved map of 4K pages of
 * order 0. The map's pages stand in no order, as a kernel's would; the file has nothing else.
 */
final class MapImage {

  static final long ROOT_FDT = 0x1000;

  private static final long HOST_BYTES = 1L << 40;
  private static final long ROOT = ROOT_FDT + 0x1000;
  private static final PageSize PAGE = PageSize.SIZE_4K;
  private static final long LEAVES = HOST_BYTES >>> (PAGE.shift() + KhoRadix.leafBits(PAGE));
  private static final int LEAF_WORDS = PAGE.bytes() / Long.BYTES;

  /** The preserved memory of an image. */
  enum Variant {
    /** Everything: one run. */
    FULL,
    /** Every second page: as many runs as there can be, 134 million. */
    ALTERNATING,
    /** Runs and gaps of 1 to 512 pages, each power of two as likely: 1.3 million runs. */
    RANDOM,
    /** Few runs, far apart, most of them longer than a leaf. */
    HOLES;

    String fileName() {
      return "map-" + label() + ".ram";
    }

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final WritableMemory memory;
  private final long base;
  private final long[] pages;
  private int used;

  private MapImage(WritableMemory memory, long base, int mostPages) {
    this.memory = memory;
    this.base = base;
    this.pages = ShuffledPages.of(base + ROOT + PAGE.bytes(), mostPages);
  }

  /** Writes a handover of a few pages at {@code base}, its root FDT {@link #ROOT_FDT} behind it. */
  static void writeSmall(WritableMemory memory, long base) {
    memory.writable(base, 32L * PAGE.bytes()).fill((byte) 0);
    MapImage image = new MapImage(memory, base, 29);
    image.preserve(base / PAGE.bytes(), 32);
    image.writeRootFdt();
  }

  static void write(Path file, Variant variant) throws IOException {
    InputFiles.write(
        file,
        (LEAVES + 64) * PAGE.bytes(),
        memory -> new MapImage(memory, 0, (int) LEAVES + 60).fill(variant));
  }

  private void fill(Variant variant) {
    SplittableRandom random = new SplittableRandom(1);
    long pageCount = HOST_BYTES / PAGE.bytes();
    switch (variant) {
      case FULL -> preserve(0, pageCount);
      case ALTERNATING -> {
        for (long leaf = 0; leaf < LEAVES; leaf++) {
          leaf(leaf).fill((byte) 0xaa);
        }
      }
      case RANDOM -> preserveRuns(random, pageCount, 0, 9);
      case HOLES -> preserveRuns(random, pageCount, 12, 18);
    }
    preserve(ROOT_FDT / PAGE.bytes(), 1);
    writeRootFdt();
  }

  private void preserveRuns(SplittableRandom random, long pageCount, int minLog, int maxLog) {
    long at = 0;
    while (at < pageCount) {
      at += length(random, minLog, maxLog);
      long pagesInRun = length(random, minLog, maxLog);
      preserve(at, Math.min(pagesInRun, Math.max(0, pageCount - at)));
      at += pagesInRun;
    }
  }

  private static long length(SplittableRandom random, int minLog, int maxLog) {
    return random.nextLong(1, 1L << (random.nextInt(minLog, maxLog + 1) + 1));
  }

  private void preserve(long first, long count) {
    long end = first + count;
    long at = first;
    while (at < end) {
      MemorySegment leaf = leaf(at >>> KhoRadix.leafBits(PAGE));
      int word = (int) (at >>> 6) & (LEAF_WORDS - 1);
      long bits = Math.min(end - at, 64 - (at & 63));
      long mask = (bits == 64 ? -1L : (1L << bits) - 1) << at;
      leaf.setAtIndex(StructureView.U64, word, leaf.getAtIndex(StructureView.U64, word) | mask);
      at += bits;
    }
  }

  /** The leaf of the host's pages from {@code number * 32,768} on, made if it is not there. */
  private MemorySegment leaf(long number) {
    long key = KhoRadix.key(PAGE, number << (KhoRadix.leafBits(PAGE) + PAGE.shift()), 0);
    long address = base + ROOT;
    for (int level = KhoVersion.MapForm.RADIX.depth(PAGE) - 1; level > 0; level--) {
      MemorySegment table = memory.writable(address, PAGE.bytes());
      int index = KhoRadix.index(PAGE, level, key);
      address = table.getAtIndex(StructureView.U64, index);
      if (address == 0) {
        address = pages[used++];
        table.setAtIndex(StructureView.U64, index, address);
      }
    }
    return memory.writable(address, PAGE.bytes());
  }

  private void writeRootFdt() {
    FdtBuilder fdt = FdtBuilder.create(memory.writable(base + ROOT_FDT, PAGE.bytes()));
    fdt.beginNode("");
    fdt.property(FdtProperty.ofString("compatible", KhoVersion.V4.compatible()));
    fdt.property(FdtProperty.ofU64(KhoVersion.MAP_PROPERTY, base + ROOT, ByteOrder.LITTLE_ENDIAN));
    fdt.endNode();
    fdt.finish();
  }
}
