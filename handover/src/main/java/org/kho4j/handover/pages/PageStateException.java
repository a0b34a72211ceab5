package org.kho4j.handover.pages;

/** A page is taken that had to be free, or free that had to be taken, or not there at all. */
public final class PageStateException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long address;

  PageStateException(long address, String message) {
    super(message);
    this.address = address;
  }

  /** Physical address of the first such page. */
  public long address() {
    return address;
  }
}
