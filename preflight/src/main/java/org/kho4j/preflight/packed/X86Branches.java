package org.kho4j.preflight.packed;

/**
 * Undoes the filter that xz puts before LZMA2 for x86: it has made the relative targets of {@code
 * call} and {@code jmp} absolute, so that equal ones look alike.
 *
 * <p>A target is only converted when its highest byte is 0 or ff, and not when an opcode shortly
 * before may overlap it; the mask remembers where those were.
 */
final class X86Branches implements BranchFilter {

  private static final boolean[] ALLOWED = {true, true, true, false, true, false, false, false};
  private static final int[] BIT = {0, 1, 2, 2, 3, 3, 3, 3};

  private int mask;
  private int position;

  @Override
  public int undo(byte[] bytes, int length) {
    int last = -1;
    int end = length - 5;
    int i = 0;
    while (i <= end) {
      if ((bytes[i] & 0xfe) != 0xe8) {
        i++;
        continue;
      }
      int since = i - last;
      last = i;
      if ((since & ~3) != 0) {
        mask = 0;
      } else {
        mask = mask << (since - 1) & 7;
        if (mask != 0 && (!ALLOWED[mask] || isEdge(bytes[i + 4 - BIT[mask]]))) {
          mask = mask << 1 | 1;
          i++;
          continue;
        }
      }
      if (isEdge(bytes[i + 4])) {
        put(bytes, i + 1, target(get(bytes, i + 1), position + i + 5));
        i += 4;
      } else {
        mask = mask << 1 | 1;
      }
      i++;
    }
    age(i - last);
    position += i;
    return i;
  }

  /** Forgets opcodes that are too far back to overlap what comes. */
  private void age(int since) {
    mask = (since & ~3) != 0 ? 0 : mask << (since - 1);
  }

  private int target(int absolute, int next) {
    int value = absolute;
    while (true) {
      int relative = value - next;
      if (mask == 0) {
        return sign(relative);
      }
      int bits = BIT[mask] * 8;
      if (!isEdge((byte) (relative >>> (24 - bits)))) {
        return sign(relative);
      }
      value = relative ^ ((1 << (32 - bits)) - 1);
    }
  }

  private static int sign(int value) {
    return value << 7 >> 7;
  }

  private static boolean isEdge(byte b) {
    return b == 0 || b == -1;
  }

  static int get(byte[] bytes, int at) {
    return (bytes[at] & 0xff)
        | (bytes[at + 1] & 0xff) << 8
        | (bytes[at + 2] & 0xff) << 16
        | bytes[at + 3] << 24;
  }

  static void put(byte[] bytes, int at, int value) {
    bytes[at] = (byte) value;
    bytes[at + 1] = (byte) (value >> 8);
    bytes[at + 2] = (byte) (value >> 16);
    bytes[at + 3] = (byte) (value >> 24);
  }
}
