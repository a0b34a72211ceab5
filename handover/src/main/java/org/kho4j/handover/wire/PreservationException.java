package org.kho4j.handover.wire;

/**
 * Thrown if memory or data cannot be preserved, unpreserved or restored as requested. Nothing has
 * changed.
 */
public final class PreservationException extends KhoException {

  private static final long serialVersionUID = 1L;

  /** Creates an exception, as {@link KhoException} describes it. */
  public PreservationException(String path, long address, String problem) {
    super(path, address, problem);
  }

  /** Creates an exception about data that have no physical address yet. */
  public PreservationException(String path, String problem) {
    super(path, NOWHERE, problem);
  }
}
