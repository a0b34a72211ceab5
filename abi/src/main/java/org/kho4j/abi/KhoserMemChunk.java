package org.kho4j.abi;

/** The preserved map of kho-v1: a list of pages, each full of pointers at bitmaps. 6.16 to 7.0. */
public final class KhoserMemChunk {

  static final String NAME = "khoser_mem_chunk";

  public static final Field NEXT = Field.phys(0, "next", NAME, "next chunk; 0 ends the list");
  public static final Field ORDER =
      Field.u32(8, "order", "page order of every bit that this chunk reaches");
  public static final Field NUM_ELMS =
      Field.u32(12, "num_elms", "elements used; a kernel does not check the bound");

  public static final Structure STRUCTURE =
      Structure.paged(
          NAME,
          1,
          new Structure.Elements(
              "bitmaps", 16, "khoser_mem_bitmap_ptr", "num_elms elements, ascending"),
          Releases.of("6.16", "7.0"),
          "kernel/kexec_handover.c (6.16 to 6.18), kernel/liveupdate/kexec_handover.c (6.19, 7.0)",
          "A chunk is started for every order, orders ascending; more follow when it is full. Written at finalize. Chunks"
              + " and bitmaps are not themselves preserved: they stay intact only until the next kernel has read them.",
          NEXT,
          ORDER,
          NUM_ELMS);

  public static final Field PHYS_START =
      Field.phys(
          0,
          "phys_start",
          null,
          "address of the block that bit 0 stands for, a multiple of bits * (PAGE_SIZE << order)");
  public static final Field BITMAP = Field.phys(8, "bitmap", "kho_mem_phys_bits", "the bitmap");

  /** Element of a chunk. */
  public static final Structure ELEMENT =
      Structure.fixed(
          "khoser_mem_bitmap_ptr",
          16,
          Releases.of("6.16", "7.0"),
          "kernel/kexec_handover.c (6.16 to 6.18), kernel/liveupdate/kexec_handover.c (6.19, 7.0)",
          "Bit n of the bitmap (byte n / 8, bit n % 8) preserves the block of 2^order pages at phys_start + n * (PAGE_SIZE"
              + " << order).",
          PHYS_START,
          BITMAP);

  /** Bytes of a bitmap in 6.16 and 6.17 up to 6.17.8; later a bitmap is one page. */
  public static final int SMALL_BITMAP_BYTES = 512;

  private KhoserMemChunk() {}
}
