package org.kho4j.memory;

/**
 * The source does not have the memory: the dump left the page out, or the address is outside of the
 * machine's memory.
 */
public final class AbsentMemoryException extends MemoryReadException {

  private static final long serialVersionUID = 1L;

  /**
   * Names what is wrong and where.
   *
   * @param address the first address that the source does not have
   * @param message a sentence that names it
   */
  public AbsentMemoryException(long address, String message) {
    super(address, message);
  }
}
