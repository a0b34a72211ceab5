package org.kho4j.fdt;

/**
 * Thrown if a blob is not a well-formed flattened device tree, if a value does not have the
 * requested type, or if a buffer is too small for writing.
 */
public final class FdtException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final FdtError error;
  private final long offset;

  /**
   * Names what is wrong and where.
   *
   * @param error which rule is broken
   * @param offset place in the blob, in bytes from its start
   * @param message a sentence with the values and the bound
   */
  public FdtException(FdtError error, long offset, String message) {
    super(message);
    this.error = error;
    this.offset = offset;
  }

  public FdtError error() {
    return error;
  }

  /**
   * Returns the place in the blob, in bytes from its start. For {@link FdtError#BAD_VALUE}, which a
   * property without its blob reports, in bytes from the value's start.
   */
  public long offset() {
    return offset;
  }
}
