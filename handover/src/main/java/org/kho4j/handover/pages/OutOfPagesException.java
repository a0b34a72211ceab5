package org.kho4j.handover.pages;

/** No free block is as large as was asked for. */
public final class OutOfPagesException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  OutOfPagesException(String message) {
    super(message);
  }
}
