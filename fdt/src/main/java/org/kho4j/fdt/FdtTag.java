package org.kho4j.fdt;

/** The tokens of the structure block: 32 bits each, big-endian, 4-byte aligned. */
final class FdtTag {

  static final int SIZE = 4;

  /** Followed by the node's name, its NUL and padding to 4 bytes. */
  static final int BEGIN_NODE = 1;

  static final int END_NODE = 2;

  /** Followed by the value's length, the name's offset, the value and padding to 4 bytes. */
  static final int PROP = 3;

  /** A tag that readers skip. */
  static final int NOP = 4;

  /** The last token of the block. */
  static final int END = 9;

  /** Bytes of a property before its value: token, length, name offset. */
  static final int PROP_HEADER_SIZE = 12;

  private FdtTag() {}

  static long align(long offset) {
    return (offset + SIZE - 1) & -SIZE;
  }
}
