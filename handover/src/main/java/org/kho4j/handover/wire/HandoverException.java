package org.kho4j.handover.wire;

import org.kho4j.memory.AbsentMemoryException;

/** Thrown if a structure of a handover contradicts the contract or cannot be read. */
public final class HandoverException extends KhoException {

  private static final long serialVersionUID = 1L;

  private final boolean newer;

  /** Creates an exception, as {@link KhoException} describes it. */
  public HandoverException(String path, long address, String problem) {
    this(path, address, problem, false);
  }

  HandoverException(String path, long address, String problem, boolean newer) {
    super(path, address, problem);
    this.newer = newer;
  }

  /**
   * Returns whether the structure is well-formed and of a newer contract than the newest one known
   * here: it cannot be decoded, and has no known fault.
   */
  public boolean isNewer() {
    return newer;
  }

  /**
   * Returns whether the structure is absent: it lies in RAM that a dump left out, and has no known
   * fault.
   */
  public boolean isAbsent() {
    return getCause() instanceof AbsentMemoryException absent && absent.isRam();
  }
}
