package org.kho4j.handover.wire;

/** A structure of a handover contradicts the contract, or cannot be read. */
public final class HandoverException extends KhoException {

  private static final long serialVersionUID = 1L;

  /** An exception, as {@link KhoException} describes it. */
  public HandoverException(String path, long address, String problem) {
    super(path, address, problem);
  }
}
