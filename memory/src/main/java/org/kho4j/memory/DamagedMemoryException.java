package org.kho4j.memory;

/** Thrown if the source has the page but cannot decode it. */
public final class DamagedMemoryException extends MemoryReadException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception with the address and the reason.
   *
   * @param address the address of the page
   * @param message a sentence with the address and the reason
   */
  public DamagedMemoryException(long address, String message) {
    super(address, message);
  }
}
