package org.kho4j.handover.pages;

import org.kho4j.handover.wire.KhoException;

/** A page is taken that had to be free, free that had to be taken, or not there at all. */
public final class PageStateException extends KhoException {

  private static final long serialVersionUID = 1L;

  PageStateException(long address, String message) {
    super("", address, message);
  }
}
