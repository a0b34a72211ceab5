package org.kho4j.handover.wire;

/** A structure that lies at a physical address, so that a {@link PointerField} can point at it. */
public interface Located {

  /** Physical address of the structure. */
  long address();
}
