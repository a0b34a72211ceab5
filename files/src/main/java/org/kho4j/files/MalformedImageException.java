package org.kho4j.files;

import java.io.IOException;

/**
 * Thrown if a file is not a valid memory image or kernel image of the detected or requested form.
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
