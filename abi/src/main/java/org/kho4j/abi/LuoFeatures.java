package org.kho4j.abi;

/**
 * The feature header of development trees, which precedes a structure and replaces its version
 * string. A kernel reads what follows if it supports every required feature. In no release.
 */
public final class LuoFeatures {

  public static final Field SUPP =
      Field.u64(0, "supp", "features that the writer supports, a bit each");
  public static final Field REQ = Field.u64(8, "req", "features that a reader must support");
  public static final Field ACTIVE = Field.u64(16, "active", "features in use");
  public static final Field RESERVED = Field.words(24, 104, "reserved", "0");

  public static final Structure STRUCTURE =
      Structure.fixed(
          "luo_feature_hdr",
          Releases.NEVER,
          Lifetime.partOf("the structure that it is in front of"),
          "include/linux/kho/abi/luo.h of the memory-management tree",
          "Precedes luo_ser and memfd_luo_ser. Changes are additive: a new field has a new bit.",
          SUPP,
          REQ,
          ACTIVE,
          RESERVED);

  /** Of {@code luo_ser}: NUMBER 1, SESSIONS 2, FLBS 4. */
  public static final long LUO = 0x7;

  /** Of {@code memfd_luo_ser}: SEALS 1, FOLIOS 2. */
  public static final long MEMFD = 0x3;

  private LuoFeatures() {}
}
