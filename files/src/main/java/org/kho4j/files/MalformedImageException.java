package org.kho4j.files;

import java.io.IOException;

/**
 * A file is not the image of memory or of a kernel that it claims to be, or that the caller named.
 */
public final class MalformedImageException extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * An exception with its sentence.
   *
   * @param message a sentence that names the file, the place in it and the fault
   */
  public MalformedImageException(String message) {
    super(message);
  }
}
