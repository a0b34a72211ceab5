package org.kho4j.handover.wire;

/** A structure of a handover is not what the contract says. */
public final class HandoverException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String path;
  private final long address;

  /**
   * Names what is wrong and where.
   *
   * @param path names of the structures that lead there, as in {@code /LUO/session "vm"/file
   *     0x100/folios/chunk 2}
   * @param address physical address of the structure
   * @param message what is wrong, with the value and the bound
   */
  public HandoverException(String path, long address, String message) {
    super(message);
    this.path = path;
    this.address = address;
  }

  public String path() {
    return path;
  }

  /** Physical address of the structure. */
  public long address() {
    return address;
  }

  /** Path, address and message as one line. */
  public String sentence() {
    return path + " at 0x" + Long.toHexString(address) + ": " + getMessage();
  }
}
