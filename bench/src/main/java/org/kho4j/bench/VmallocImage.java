package org.kho4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.KhoVmallocChunk;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.vmalloc.ChunkWriter;
import org.kho4j.handover.vmalloc.Descriptor;

/**
 * A RAM file with the page list of a vmalloc area of 64 GiB in 4K pages: a descriptor at the start,
 * and 32,833 chunks in no order. The area's own pages are not in the file.
 */
final class VmallocImage {

  static final long DESCRIPTOR = 0x100;

  private static final PageSize PAGE = PageSize.SIZE_4K;
  private static final long AREA_PAGES = (64L << 30) / PAGE.bytes();
  private static final long AREA = 1L << 40;

  /** The placement of the area's pages. */
  enum Variant {
    /** No page beside the one before it. */
    SCATTERED,
    /** In runs of 1 to 512 pages, each power of two as likely. */
    MIXED,
    /** All in one run. */
    ADJACENT;

    String fileName() {
      return "vmalloc-" + name().toLowerCase(Locale.ROOT) + ".ram";
    }
  }

  private VmallocImage() {}

  static void write(Path file, Variant variant) throws IOException {
    int capacity = KhoVmallocChunk.STRUCTURE.capacity(PAGE);
    // A writer that fills a chunk appends a fresh one at once.
    int chunks = (int) (AREA_PAGES / capacity) + 1;
    long[] places = ShuffledPages.of(PAGE.bytes(), chunks);
    Entries entries = new Entries(variant);
    InputFiles.write(
        file,
        (chunks + 1L) * PAGE.bytes(),
        memory -> {
          int[] chunk = new int[1];
          ChunkWriter writer =
              new ChunkWriter(
                  PAGE, at -> memory.writable(at, PAGE.bytes()), () -> places[chunk[0]++]);
          for (long page = 0; page < AREA_PAGES; page++) {
            writer.add(entries.next());
          }
          new Descriptor(DESCRIPTOR, writer.finish(), AREA_PAGES, 0, 0)
              .writeTo(memory.writable(DESCRIPTOR, KhoVmalloc.STRUCTURE.size(PAGE)));
        });
  }

  private static final class Entries {
    private final Variant variant;
    private final SplittableRandom random = new SplittableRandom(3);
    private long number;
    private long next = AREA;
    private long leftInRun;

    Entries(Variant variant) {
      this.variant = variant;
    }

    long next() {
      switch (variant) {
        case SCATTERED -> next = AREA + ((number++ * 0x9E3779B1L) % AREA_PAGES) * PAGE.bytes();
        case MIXED -> {
          if (leftInRun-- == 0) {
            leftInRun = random.nextLong(1L << random.nextInt(10));
            next += 64L * PAGE.bytes();
          }
          next += PAGE.bytes();
        }
        case ADJACENT -> next += PAGE.bytes();
      }
      return next;
    }
  }
}
