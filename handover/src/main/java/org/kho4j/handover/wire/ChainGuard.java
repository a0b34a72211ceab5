package org.kho4j.handover.wire;

/**
 * Finds a loop in a chain of pages without remembering them all: Brent's method, a note of one page
 * at a time.
 */
public final class ChainGuard {

  private long noted;
  private long steps;
  private long noteAfter = 1;

  /**
   * Goes on to a page of the chain.
   *
   * @param part what the pages are called
   * @throws HandoverException if the chain has come back to a page that it had
   */
  public void next(Where where, String part, int number, long address) {
    if (address == noted) {
      throw where
          .in(part, number)
          .broken(address, "the chain has come back to a " + part + " that it had already");
    }
    if (++steps == noteAfter) {
      noted = address;
      noteAfter *= 2;
    }
  }
}
