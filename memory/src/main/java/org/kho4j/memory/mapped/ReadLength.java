package org.kho4j.memory.mapped;

/** The bound on one read. */
public final class ReadLength {

  private ReadLength() {}

  /**
   * Checks the length of a read.
   *
   * @throws IllegalArgumentException if it is below 1 or above {@link Integer#MAX_VALUE}
   */
  public static void check(long length) {
    if (length < 1 || length > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a read of " + length + " bytes: from 1 to " + Integer.MAX_VALUE + " can be asked for");
    }
  }
}
