package org.kho4j.abi;

/** The preserved map of kho-v1: a list of pages with pointers to bitmaps. 6.16 to 7.0. */
public final class KhoserMemChunk {

  static final String NAME = "khoser_mem_chunk";
  private static final String BITMAP_NAME = "kho_mem_phys_bits";
  private static final String SOURCE =
      "kernel/kexec_handover.c (6.16 to 6.18), kernel/liveupdate/kexec_handover.c (6.19, 7.0)";

  public static final Field PHYS_START =
      Field.phys(
          0,
          "phys_start",
          null,
          "address of the block that bit 0 stands for, a multiple of bits * (PAGE_SIZE << order)");

  /**
   * Leads to a {@link #PAGE_BITMAP}, or under the same string to a {@link #SMALL_BITMAP}: nothing
   * in the map says which.
   */
  public static final Field BITMAP =
      Field.khoser(8, "bitmap", () -> KhoserMemChunk.PAGE_BITMAP, "the bitmap");

  /** Element of a chunk. */
  public static final Structure ELEMENT =
      Structure.fixed(
          "khoser_mem_bitmap_ptr",
          Releases.of("6.16", "7.0"),
          Lifetime.partOf(NAME),
          SOURCE,
          "Bit n of the bitmap (byte n / 8, bit n % 8) preserves the block of 2^order pages at phys_start + n * (PAGE_SIZE"
              + " << order).",
          PHYS_START,
          BITMAP);

  public static final Field NEXT =
      Field.khoser(0, "next", () -> KhoserMemChunk.STRUCTURE, "next chunk; 0 ends the list");
  public static final Field ORDER =
      Field.u32(8, "order", "page order of every bit that this chunk reaches");
  public static final Field NUM_ELMS =
      Field.u32(12, "num_elms", "elements used; a kernel does not check the bound");

  public static final Structure STRUCTURE =
      Structure.paged(
              NAME,
              1,
              Field.embedded(16, "bitmaps", ELEMENT, "num_elms elements, ascending"),
              Releases.of("6.16", "7.0"),
              Lifetime.untilRead(
                  "at finalize; a later finalize replaces the whole list",
                  "by the writer when it aborts or finalizes again; in the next kernel it is free memory once read"),
              SOURCE,
              "One page of pointers to bitmaps, all of one order. Every order has its own chunks,"
                  + " in ascending order; when a chunk is full, another one follows.",
              NEXT,
              ORDER,
              NUM_ELMS)
          .filled();

  /** Bytes of a bitmap in 6.16 and 6.17 up to 6.17.8; later a bitmap is one page. */
  public static final int SMALL_BITMAP_BYTES = 512;

  private static final Lifetime BITMAP_LIFETIME =
      Lifetime.untilRead(
          "at finalize",
          "in the next kernel it is free memory once read; when the writer frees it is not recorded here");

  /** The bitmap of 6.16 and of 6.17 up to 6.17.8. */
  public static final Structure SMALL_BITMAP =
      Structure.fixed(
          BITMAP_NAME,
          Releases.of("6.16", "6.17.8"),
          BITMAP_LIFETIME,
          SOURCE,
          "512 bytes whatever the page size, from a slab: aligned to 512 bytes, not to a page.",
          Field.words(
              0, SMALL_BITMAP_BYTES, "preserve", "4096 bits, bit n in byte n / 8, bit n % 8"));

  /** The bitmap of 6.17.9 and later. */
  public static final Structure PAGE_BITMAP =
      Structure.paged(
              BITMAP_NAME,
              1,
              Field.u64(0, "preserve", "PAGE_SIZE * 8 bits, bit n in byte n / 8, bit n % 8"),
              Releases.of("6.17.9", "7.0"),
              BITMAP_LIFETIME,
              SOURCE,
              "One page.")
          .filled();

  private KhoserMemChunk() {}
}
