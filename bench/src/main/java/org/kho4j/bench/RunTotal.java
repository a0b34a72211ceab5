package org.kho4j.bench;

import org.kho4j.handover.wire.RunVisitor;

/** Counts runs and adds their bytes, as every walk into runs does, in C as well. */
final class RunTotal {

  private long runs;
  private long bytes;
  private int turn;

  private void add(long length) {
    runs++;
    bytes += length;
  }

  long result() {
    return runs ^ bytes;
  }

  RunVisitor visitor() {
    return (order, address, length) -> add(length);
  }

  /**
   * A visitor of one of three classes in turn, so that the JVM gives up on guessing which, and
   * calls it through the interface.
   */
  RunVisitor someVisitor() {
    return switch (turn++ % 3) {
      case 0 -> (order, address, length) -> add(length);
      case 1 -> (order, address, length) -> add(length);
      default -> (order, address, length) -> add(length);
    };
  }
}
