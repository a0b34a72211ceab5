package org.kho4j.handover.luo;

/**
 * A kind of file that can be handed over. Anybody can write one.
 *
 * @param <T> what it reads
 */
public interface FileHandler<T> {

  /** Whether files with that compatible string are this handler's. */
  boolean handles(String compatible);

  /**
   * Reads what was handed over for a file.
   *
   * @throws org.kho4j.handover.wire.HandoverException if it is broken
   */
  T read(PreservedFile file);
}
