package org.kho4j.warm;

/**
 * The properties with which a store is opened or created: name, size, schema, checksums.
 *
 * @param name of the store, 1 to 63 bytes: a store of another name is refused
 * @param size bytes of a store that is created, for regions and metadata together. The size is
 *     fixed: regions grow inside of it
 * @param schema a number of the application for the meaning of its regions: a store of another
 *     schema is refused
 * @param sparse whether a store that is created takes memory or disk only when it is written to.
 *     Then a store into memory that a full disk has no room for throws {@link InternalError}, and a
 *     memory limit ends the process (the kernel's OOM killer); without it, {@code open} refuses
 * @param checksums whether {@link WarmStore#close} records a CRC-32C of each region's content, for
 *     {@link Region#verify}. Takes 0.2 to 0.25 s a GiB
 * @param setAside whether a file that will not open (no store, another layout, another schema,
 *     truncated, damaged) is set aside under another name, and a new store is created, if there is
 *     room for both
 */
public record WarmOptions(
    String name, long size, long schema, boolean sparse, boolean checksums, boolean setAside) {

  /** Checks name and size. */
  public WarmOptions {
    StoreLayout.checkName("store", name);
    if (size < WarmStore.MIN_SIZE) {
      throw new IllegalArgumentException(
          "a store of %d bytes: it has at least %d".formatted(size, WarmStore.MIN_SIZE));
    }
  }

  /**
   * Returns options for a store of schema 0 that reserves its memory; a damaged store throws an
   * exception.
   */
  public static WarmOptions of(String name, long size) {
    return new WarmOptions(name, size, 0, false, false, false);
  }

  /** Returns a copy with this schema. */
  public WarmOptions withSchema(long newSchema) {
    return new WarmOptions(name, size, newSchema, sparse, checksums, setAside);
  }

  /** Returns a copy that does not reserve memory. */
  public WarmOptions withoutReserving() {
    return new WarmOptions(name, size, schema, true, checksums, setAside);
  }

  /**
   * Returns a copy with which closing records checksums. Without it, closing keeps the recorded
   * checksums of regions that were not mapped, and removes the others.
   */
  public WarmOptions withChecksums() {
    return new WarmOptions(name, size, schema, sparse, true, setAside);
  }

  /** Returns a copy with which a store that will not open is set aside. */
  public WarmOptions settingAside() {
    return new WarmOptions(name, size, schema, sparse, checksums, true);
  }
}
