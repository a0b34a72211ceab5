package org.kho4j.memory;

/** Thrown if physical memory cannot be read at an address. */
public abstract sealed class MemoryReadException extends RuntimeException
    permits AbsentMemoryException, DamagedMemoryException {

  private static final long serialVersionUID = 1L;

  private final long address;

  MemoryReadException(long address, String message) {
    super(message);
    this.address = address;
  }

  /** Returns the first physical address that could not be read. */
  public long address() {
    return address;
  }
}
