package org.kho4j.linux;

import java.util.EnumSet;
import java.util.Set;

/** A seal of a memory file (memfd), which permanently forbids an operation. */
public enum Seal {
  /** Adding further seals. */
  SEAL(1),
  /** Shrinking: mapped pages stay there. */
  SHRINK(2),
  GROW(4),
  /** All writing; refused while the file is mapped for writing. */
  WRITE(8),
  /** Writing through later mappings and calls. Since Linux 5.1. */
  FUTURE_WRITE(16),
  /** Changing the execute permission. Since Linux 6.3. */
  EXEC(32);

  private final int bit;

  Seal(int bit) {
    this.bit = bit;
  }

  static int bits(Set<Seal> seals) {
    int bits = 0;
    for (Seal seal : seals) {
      bits |= seal.bit;
    }
    return bits;
  }

  static EnumSet<Seal> of(int bits) {
    EnumSet<Seal> seals = EnumSet.noneOf(Seal.class);
    for (Seal seal : values()) {
      if ((bits & seal.bit) != 0) {
        seals.add(seal);
      }
    }
    return seals;
  }
}
