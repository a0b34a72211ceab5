package org.kho4j.fdt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Steps over the tokens of a structure block that is known to be well-formed. */
record FdtStructure(MemorySegment blob) {

  int tag(long token) {
    return blob.get(FdtHeader.WORD, token);
  }

  /** Returns the offset of the token behind a token. */
  long next(long token) {
    long end = token + FdtTag.SIZE;
    return switch (tag(token)) {
      case FdtTag.BEGIN_NODE -> {
        while (blob.get(ValueLayout.JAVA_BYTE, end) != 0) {
          end++;
        }
        yield FdtTag.align(end + 1);
      }
      case FdtTag.PROP -> token + FdtTag.PROP_HEADER_SIZE + FdtTag.align(valueLength(token));
      default -> end;
    };
  }

  long valueLength(long property) {
    return Integer.toUnsignedLong(blob.get(FdtHeader.WORD, property + FdtTag.SIZE));
  }

  long nameOffset(long property) {
    return Integer.toUnsignedLong(blob.get(FdtHeader.WORD, property + 2 * FdtTag.SIZE));
  }

  /**
   * Returns the offset at which the node's properties end and its children or its own end begin.
   */
  long endOfProperties(long node) {
    long at = next(node);
    while (tag(at) == FdtTag.PROP || tag(at) == FdtTag.NOP) {
      at = next(at);
    }
    return at;
  }

  /** Returns the offset of the token behind the node's own end. */
  long endOfNode(long node) {
    int depth = 0;
    long at = node;
    do {
      int tag = tag(at);
      depth += tag == FdtTag.BEGIN_NODE ? 1 : tag == FdtTag.END_NODE ? -1 : 0;
      at = next(at);
    } while (depth > 0);
    return at;
  }

  /** Returns the node's child of that name; -1 if there is none. */
  long child(long node, byte[] name) {
    long at = endOfProperties(node);
    while (tag(at) != FdtTag.END_NODE) {
      if (tag(at) == FdtTag.NOP) {
        at = next(at);
      } else if (FdtName.standsAt(blob, at + FdtTag.SIZE, name)) {
        return at;
      } else {
        at = endOfNode(at);
      }
    }
    return -1;
  }

  /** Returns the node's property of that name; -1 if there is none. */
  long property(long node, long stringsOffset, byte[] name) {
    long end = endOfProperties(node);
    for (long at = next(node); at < end; at = next(at)) {
      if (tag(at) == FdtTag.PROP && FdtName.standsAt(blob, stringsOffset + nameOffset(at), name)) {
        return at;
      }
    }
    return -1;
  }
}
