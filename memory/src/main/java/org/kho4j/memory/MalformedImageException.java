package org.kho4j.memory;

import java.io.IOException;

/** A file is not the memory image that it claims to be, or that it was said to be. */
public final class MalformedImageException extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * Names what is wrong and where.
   *
   * @param message a sentence that names the file, the place in it and what is wrong there
   */
  public MalformedImageException(String message) {
    super(message);
  }
}
