package org.kho4j.lab.guest;

/** A scenario did not go as it has to. */
public final class LabFailure extends RuntimeException {

  private static final long serialVersionUID = 1;

  public LabFailure(String message) {
    super(message);
  }

  public LabFailure(String message, Throwable cause) {
    super(message, cause);
  }
}
