package org.kho4j.handover.wire;

/**
 * Thrown if a handover cannot be read, or memory cannot be preserved or restored as requested. The
 * message names path, address, value and bound.
 */
public abstract class KhoException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The address of data that have no physical address. */
  public static final long NOWHERE = Long.MIN_VALUE;

  private final String path;
  private final long address;
  private final String problem;

  /**
   * An exception.
   *
   * @param path path to the structure, as in {@code /LUO/session "vm"/file 0x100/folios/chunk 2};
   *     empty where no structure is concerned
   * @param address physical address of the structure, or {@link #NOWHERE}
   * @param problem the rest of the sentence, with the value and the bound
   */
  protected KhoException(String path, long address, String problem) {
    this.path = path;
    this.address = address;
    this.problem = problem;
  }

  private static String place(String path, long address) {
    String at = address == NOWHERE ? "" : " at 0x" + Long.toHexString(address);
    return path.isEmpty() ? "" : path + at + ": ";
  }

  @Override
  public String getMessage() {
    return place(path, address) + problem;
  }

  /** Returns the path of the structure; empty where no structure is concerned. */
  public String path() {
    return path;
  }

  /** Returns the physical address of the structure, or {@link #NOWHERE}. */
  public long address() {
    return address;
  }

  /** Returns the message without path and address. */
  public String problem() {
    return problem;
  }
}
