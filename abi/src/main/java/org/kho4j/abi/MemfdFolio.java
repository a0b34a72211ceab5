package org.kho4j.abi;

/**
 * A folio of a memfd: an entry of the vmalloc area {@code memfd_luo_ser.folios}. Unchanged since
 * 6.19.
 *
 * <pre>
 *  63          52 51                                  0
 *  +-------------+-------------------------------------+
 *  | flags       | pfn                                 |   offset 0
 *  +-------------+-------------------------------------+
 *  | index                                             |   offset 8
 *  +---------------------------------------------------+
 * </pre>
 */
public final class MemfdFolio {

  public static final Field PFN_AND_FLAGS =
      Field.u64(0, "pfn, flags", "where the folio is, and its state")
          .withBits(
              new Field.Bits(
                  "pfn",
                  0,
                  52,
                  "page frame number: the address is pfn * PAGE_SIZE; 0 marks an entry to skip"),
              new Field.Bits("dirty", 52, 1, "flag 1; always set since 7.0"),
              new Field.Bits("uptodate", 53, 1, "flag 2; always set since 7.0"));
  public static final Field INDEX =
      Field.u64(8, "index", "offset of the folio in the file, in base pages");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "memfd_luo_folio_ser",
          Releases.since("6.19"),
          Lifetime.partOf("the vmalloc area of memfd_luo_ser.folios"),
          "include/linux/kho/abi/memfd.h",
          "Packed. The folio's order is not in the entry: it is the order of the preserved block that starts at the"
              + " address.",
          PFN_AND_FLAGS,
          INDEX);

  public static final int PFN_BITS = 52;
  public static final long PFN_MASK = (1L << PFN_BITS) - 1;
  public static final long FLAG_DIRTY = 1;
  public static final long FLAG_UPTODATE = 2;

  private MemfdFolio() {}
}
