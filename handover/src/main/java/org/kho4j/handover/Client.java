package org.kho4j.handover;

import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.root.Subtree;

/**
 * A user of KHO that is known here: it reads what it handed over in the subtree of its name.
 * Anybody can write one.
 *
 * @param <T> what it reads
 */
public interface Client<T> {

  /** Name of the subtree. */
  String subtree();

  /**
   * Reads the blob.
   *
   * @throws HandoverException if it is not what this client writes
   */
  T read(Handover handover, Subtree subtree);
}
