package org.kho4j.lab.guest;

/**
 * The machine that a guest runs on.
 *
 * @param memory bytes of RAM
 * @param nodes NUMA nodes that have it in equal parts
 */
public record Machine(long memory, int nodes) {

  private static final long MIB = 1L << 20;

  /** Returns a machine for a small handover: 64K pages need room for scratch regions of 512 MiB. */
  public static Machine small(Kernel kernel) {
    return new Machine((kernel.pageSize().bytes() > 16384 ? 3072 : 512) * MIB, 1);
  }

  /** Returns a copy with more memory. */
  public Machine withMemory(long mib) {
    return new Machine(Math.max(memory, mib * MIB), nodes);
  }
}
