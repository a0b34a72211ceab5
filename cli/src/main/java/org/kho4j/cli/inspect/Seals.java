package org.kho4j.cli.inspect;

import java.util.StringJoiner;

/** The F_SEAL_* bits of a memfd, as people call them. */
public final class Seals {

  /** From bit 0 on. */
  private static final String[] NAMES = {"seal", "shrink", "grow", "write", "future-write", "exec"};

  private Seals() {}

  /** The names of the bits that are set; what has no name as a number. */
  public static String names(long seals) {
    StringJoiner names = new StringJoiner(" ");
    for (int bit = 0; bit < NAMES.length; bit++) {
      if ((seals >>> bit & 1) != 0) {
        names.add(NAMES[bit]);
      }
    }
    long unnamed = seals >>> NAMES.length << NAMES.length;
    if (unnamed != 0) {
      names.add("0x" + Long.toHexString(unnamed));
    }
    return names.toString();
  }
}
