package org.kho4j.abi;

/**
 * A scratch region: memory without preserved pages, which a new kernel uses before it has read the
 * preserved map. Since 6.16.
 */
public final class KhoScratch {

  /** Low memory, global, and as many nodes as Linux can have. */
  public static final int MAX_REGIONS = 1026;

  public static final Field ADDR =
      Field.phys(0, "addr", null, "physical address of the region's first byte");
  public static final Field SIZE = Field.u64(8, "size", "bytes");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "kho_scratch",
          Releases.since("6.16"),
          Lifetime.boot(
              "at boot; kexec copies it into the image when it is loaded",
              "never: the same regions serve every following handover"),
          "include/asm-generic/kexec_handover.h",
          "Entry of the scratch array. Entry 0 is the low-memory region, entry 1 the global"
              + " region, and each further entry the region of a NUMA node, in node order (online"
              + " nodes up to 6.18, nodes with memory since 6.19). The array has scratch_size / 16"
              + " entries; a remainder is ignored. kexec copies the array into a scratch region,"
              + " aligned to 64 KiB. Regions never hold preserved memory, but only debug kernels"
              + " check this.",
          ADDR,
          SIZE);

  private KhoScratch() {}
}
