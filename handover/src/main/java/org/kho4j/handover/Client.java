package org.kho4j.handover;

import java.util.function.BiFunction;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;

/**
 * A user of KHO that hands over one subtree. Any program can declare one.
 *
 * @param <T> type of the data that the reader returns
 * @param subtree name of the subtree
 * @param reader reads the blob; throws a {@link HandoverException} if the client does not write
 *     such a blob
 */
public record Client<T>(String subtree, BiFunction<Handover, Subtree, T> reader) {

  /**
   * Reads the blob of a subtree.
   *
   * @throws HandoverException if the client does not write such a blob, or the machine cannot have
   *     it
   */
  public T read(Handover handover, Subtree blob) {
    blob.requirePossible(handover.memory());
    return reader.apply(handover, blob);
  }
}
