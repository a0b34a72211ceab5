package org.kho4j.handover.wire;

import org.kho4j.memory.AbsentMemoryException;

/** A structure of a handover contradicts the contract, or cannot be read. */
public final class HandoverException extends KhoException {

  private static final long serialVersionUID = 1L;

  /** An exception, as {@link KhoException} describes it. */
  public HandoverException(String path, long address, String problem) {
    super(path, address, problem);
  }

  /**
   * Whether the structure is absent: it lies in RAM that a dump left out, so that nothing is known
   * to be wrong with it.
   */
  public boolean isAbsent() {
    return getCause() instanceof AbsentMemoryException absent && absent.isRam();
  }
}
