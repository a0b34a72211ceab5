package org.kho4j.handover.pages;

import org.kho4j.handover.wire.KhoException;

/**
 * Thrown if a page that must be free is allocated, if a page that must be allocated is free, or if
 * a page does not exist.
 */
public final class PageStateException extends KhoException {

  private static final long serialVersionUID = 1L;

  PageStateException(long address, String message) {
    super("", address, message);
  }
}
