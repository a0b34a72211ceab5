package org.kho4j.preflight.packed;

/** Undoes what was done to machine code so that it packs better. Goes from the start to the end. */
interface BranchFilter {

  /**
   * Undoes it for bytes that follow those of the last call.
   *
   * @return how many bytes are done; the rest is to be given once more, with what comes behind it
   */
  int undo(byte[] bytes, int length);
}
