package org.kho4j.abi;

/**
 * The descriptor of a preserved vmalloc area, embedded in the data of the area's owner. Since 6.18.
 *
 * <pre>
 *  0                       8            12      14      16
 *  +-----------------------+------------+-------+-------+
 *  | first                 | total_pages| flags | order |
 *  +-----------------------+------------+-------+-------+
 *     |
 *     v
 *   KhoVmallocChunk -> KhoVmallocChunk -> ... -> 0
 * </pre>
 */
public final class KhoVmalloc {

  public static final Field FIRST =
      Field.khoser(
          0,
          "first",
          () -> KhoVmallocChunk.STRUCTURE,
          "first chunk; 0 only in a descriptor that describes nothing");
  public static final Field TOTAL_PAGES =
      Field.u32(
          8,
          "total_pages",
          "base pages in the area, a multiple of 2^order; the area is total_pages * PAGE_SIZE bytes, of which the owner"
              + " knows how many it uses");
  public static final Field FLAGS =
      Field.u16(12, "flags", "how the area was allocated; a kernel ignores bits it does not know")
          .withBits(
              new Field.Bits("alloc", 0, 1, "VM_ALLOC area"),
              new Field.Bits("allow_huge", 1, 1, "huge mappings allowed"));
  public static final Field ORDER =
      Field.u16(
          14,
          "order",
          "page order of the mapping: every chunk entry stands for 2^order contiguous base pages");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "kho_vmalloc",
          Releases.since("6.18"),
          Lifetime.partOf("the structure or property of the area's owner"),
          "include/linux/kho/abi/kexec_handover.h",
          "Describes a virtually contiguous area whose pages are scattered over physical memory. The chunks list the"
              + " pages in ascending virtual order; the total over all chunks is total_pages >> order entries, exactly."
              + " Each entry's 2^order pages are preserved as a run of pages, normally one block of that order.",
          FIRST,
          TOTAL_PAGES,
          FLAGS,
          ORDER);

  public static final int FLAG_ALLOC = 1;
  public static final int FLAG_ALLOW_HUGE = 2;

  private KhoVmalloc() {}
}
