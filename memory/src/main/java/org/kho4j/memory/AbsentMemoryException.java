package org.kho4j.memory;

/**
 * Thrown if the source does not have the memory: a dump left the page out, or the address is
 * outside of the machine's RAM. {@link #isRam} says which.
 */
public final class AbsentMemoryException extends MemoryReadException {

  private static final long serialVersionUID = 1L;

  private final boolean ram;

  /**
   * An address outside of RAM.
   *
   * @param address the first address that the source does not have
   * @param message a sentence that names it
   */
  public AbsentMemoryException(long address, String message) {
    this(address, message, false);
  }

  /**
   * Names what is wrong and where.
   *
   * @param address the first address that the source does not have
   * @param message a sentence that names it
   * @param ram whether the address is RAM, so that the source left its content out
   */
  public AbsentMemoryException(long address, String message, boolean ram) {
    super(address, message);
    this.ram = ram;
  }

  /** Whether the address is RAM of the machine, and only its content is not in the source. */
  public boolean isRam() {
    return ram;
  }
}
