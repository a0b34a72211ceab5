package org.kho4j.handover.luo;

import java.util.Optional;
import java.util.function.Consumer;
import org.kho4j.abi.LuoFile;
import org.kho4j.handover.Handover;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.handover.wire.Where;

/**
 * A file of a session.
 *
 * @param handover that the file belongs to
 * @param where its path
 * @param address physical address of its entry
 * @param compatible string of the handler that preserved it
 * @param data the handler's own
 * @param token chosen by the user, an unsigned number
 */
public record PreservedFile(
    Handover handover, Where where, long address, String compatible, long data, long token) {

  static PreservedFile read(
      Handover handover, Where session, StructureView entry, Consumer<HandoverException> problems) {
    long token = entry.get(LuoFile.TOKEN);
    Where where = session.in("file 0x" + Long.toHexString(token));
    return new PreservedFile(
        handover,
        where,
        entry.address(),
        entry.text(LuoFile.COMPATIBLE, where, problems),
        entry.get(LuoFile.DATA),
        token);
  }

  /** Returns an exception for a file whose token another file of the session has. */
  public HandoverException ambiguous() {
    return where.broken(address, "another file also has this token");
  }

  /**
   * Reads the data that the file's handler handed over; empty if {@code handler} is not that
   * handler.
   *
   * @throws HandoverException if it is broken
   */
  public <T> Optional<T> as(FileHandler<T> handler) {
    return handler.compatible().test(compatible)
        ? Optional.of(handler.reader().apply(this))
        : Optional.empty();
  }
}
