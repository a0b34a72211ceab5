package org.kho4j.handover.generation;

/** Memory or data cannot be preserved, unpreserved or restored as asked. Nothing has changed. */
public final class PreservationException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long address;

  /**
   * Says what was asked for and why it cannot be.
   *
   * @param what path or name of the structure
   * @param address its physical address
   * @param why the rest of the sentence, with the values
   */
  public PreservationException(String what, long address, String why) {
    super("%s at 0x%x: %s".formatted(what, address, why));
    this.address = address;
  }

  /** The physical address of what was asked for. */
  public long address() {
    return address;
  }
}
