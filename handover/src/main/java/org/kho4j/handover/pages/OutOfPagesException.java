package org.kho4j.handover.pages;

import org.kho4j.handover.wire.KhoException;

/** Thrown if no free block is as large as requested. */
public final class OutOfPagesException extends KhoException {

  private static final long serialVersionUID = 1L;

  OutOfPagesException(String message) {
    super("", NOWHERE, message);
  }
}
