package org.kho4j.memory;

/**
 * Thrown if the source does not have the memory: a dump left the page out, or the address is
 * outside of the machine's RAM. {@link #isRam} separates the two.
 */
public final class AbsentMemoryException extends MemoryReadException {

  private static final long serialVersionUID = 1L;

  private final boolean ram;

  /**
   * Creates an exception for an address outside of RAM.
   *
   * @param address the first address that the source does not have
   * @param message a sentence that names it
   */
  public AbsentMemoryException(long address, String message) {
    this(address, message, false);
  }

  /**
   * Creates an exception with the address and the reason.
   *
   * @param address the first address that the source does not have
   * @param message a sentence that names it
   * @param ram whether the address is RAM, so that the source left its content out
   */
  public AbsentMemoryException(long address, String message, boolean ram) {
    super(address, message);
    this.ram = ram;
  }

  /**
   * Returns an exception that names the source and the address.
   *
   * @param address the first address that the source does not have
   * @param ram whether the address is RAM, so that the source left its content out
   */
  public static AbsentMemoryException of(MemorySource source, long address, boolean ram) {
    return new AbsentMemoryException(
        address,
        (ram ? "%s leaves out the page of 0x%x, which is RAM" : "%s has no memory at 0x%x")
            .formatted(source.path(), address),
        ram);
  }

  /**
   * Returns whether the address is RAM of the machine, and only its content is missing from the
   * source.
   */
  public boolean isRam() {
    return ram;
  }
}
