package org.kho4j.abi;

/**
 * A page of a vmalloc area's page list. Since 6.18.
 *
 * <pre>
 *  0        8         16                                PAGE_SIZE
 *  +--------+---------+---------+-- ... --+---------+
 *  | next   | phys[0] | phys[1] |         | phys[n] |
 *  +--------+---------+---------+-- ... --+---------+
 * </pre>
 */
public final class KhoVmallocChunk {

  static final String NAME = "kho_vmalloc_chunk";

  public static final Field NEXT =
      Field.khoser(0, "next", () -> KhoVmallocChunk.STRUCTURE, "next chunk; 0 ends the list");

  public static final Structure STRUCTURE =
      Structure.paged(
              NAME,
              1,
              Field.phys(
                  8,
                  "phys",
                  null,
                  "physical address of a block of 2^order pages; 0 ends the array of this chunk, not the list"),
              Releases.since("6.18"),
              Lifetime.block(
                  0,
                  "when the area is preserved",
                  "by the next kernel when the area is restored: the list exists until the first restore"),
              "include/linux/kho/abi/kexec_handover.h",
              "A page of block addresses. A writer that fills a chunk exactly appends an empty"
                  + " chunk at once. So an area whose entries are a multiple of the capacity ends"
                  + " in an all-zero chunk: follow next, do not stop at a full chunk.",
              NEXT)
          .filled();

  private KhoVmallocChunk() {}
}
