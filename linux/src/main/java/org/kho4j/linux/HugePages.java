package org.kho4j.linux;

/** The kind of pages of a memory file: ordinary, transparent huge, or from a huge page pool. */
public enum HugePages {
  /** The host's base pages, or the administrator's default. */
  NONE(0),
  /**
   * Base pages, which the kernel joins to huge pages where it finds room: the mapping requests it.
   */
  TRANSPARENT(0),
  /** Pages of 2 MiB out of the pool that the administrator set aside. */
  POOL_2M(4 | 21 << 26),
  /** Pages of 1 GiB out of the pool that the administrator set aside. */
  POOL_1G(4 | 30 << 26);

  private final int memfdFlags;

  HugePages(int memfdFlags) {
    this.memfdFlags = memfdFlags;
  }

  int memfdFlags() {
    return memfdFlags;
  }
}
