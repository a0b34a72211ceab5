package org.kho4j.verify.systemd;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/**
 * The mapping that systemd keeps in the LUO session {@value #SESSION}: it assigns the session's
 * files to the file descriptor stores of units. The file with the token {@value #TOKEN} has it as
 * JSON.
 *
 * <pre>
 * {"version":1,"state":{"KExecCount":0},"units":{"warm.service":{"fdstore":[
 *   {"type":"fd","name":"state","token":1},
 *   {"type":"luo_session","name":"vm","sessionName":"vm-7"}]}}}
 * </pre>
 *
 * <p>Unknown members are skipped: {@code state} differs between systemd 261 and 262.
 */
public final class FdStoreMapping {

  /** The session's name, which systemd gives to no other session. */
  public static final String SESSION = "systemd";

  /** The token of the file that has the mapping. */
  public static final long TOKEN = 0;

  /** The newest version of the mapping that is known: systemd 261 and 262 write it. */
  public static final long VERSION = 1;

  /** A descriptor has 50 to 600 bytes of JSON. */
  public static final int MAX_BYTES = 4 << 20;

  static final int MAX_SKIPPED = 1000;

  /**
   * A descriptor of a unit's store: a file of the session, or a LUO session of its own.
   *
   * @param unit as {@code warm.service}
   * @param name as the unit gave it with {@code FDNAME=}
   * @param token of the file in the session {@value #SESSION}
   * @param session the LUO session of the descriptor, if it is not a file
   * @param address physical address of the entry
   */
  public record Fd(
      String unit, String name, OptionalLong token, Optional<String> session, long address) {}

  private final long version;
  private final OptionalLong kexecCount;
  private final List<Fd> fds;
  private final List<HandoverException> skipped;
  private final long moreSkipped;
  private final Map<Long, Fd> byToken = new HashMap<>();

  FdStoreMapping(
      long version,
      OptionalLong kexecCount,
      List<Fd> fds,
      List<HandoverException> skipped,
      long moreSkipped) {
    this.version = version;
    this.kexecCount = kexecCount;
    this.fds = List.copyOf(fds);
    this.skipped = List.copyOf(skipped);
    this.moreSkipped = moreSkipped;
    fds.forEach(fd -> fd.token().ifPresent(token -> byToken.putIfAbsent(token, fd)));
  }

  /** Returns whether a session is systemd's, and has files. */
  public static boolean isIn(Session session) {
    return session.name().equals(SESSION) && session.fileCount() != 0;
  }

  /** Returns the path of the mapping, for messages. */
  public static Where where(Session session) {
    return session.where().in("file 0x0");
  }

  /**
   * Returns the bytes of the mapping; empty if no memfd has the token.
   *
   * @throws HandoverException if the session's files or the memfd cannot be read
   */
  public static Optional<Content> content(Session session) {
    return session.file(TOKEN).flatMap(file -> file.as(Memfd.HANDLER)).map(Memfd::content);
  }

  /**
   * Returns the version of the form; from {@value #VERSION} + 1 on, systemd 261 skips all of it.
   */
  public long version() {
    return version;
  }

  /** Returns the number of kexecs that systemd counted before this one, if the mapping has it. */
  public OptionalLong kexecCount() {
    return kexecCount;
  }

  /** Returns the descriptors, a unit's together, in the mapping's order. */
  public List<Fd> fds() {
    return fds;
  }

  /** Returns the first descriptor that has a token. */
  public Optional<Fd> fd(long token) {
    return Optional.ofNullable(byToken.get(token));
  }

  /** Returns the reasons why systemd skips entries, for the first {@value #MAX_SKIPPED} of them. */
  public List<HandoverException> skipped() {
    return skipped;
  }

  /** Returns the number of entries that systemd skips beyond {@link #skipped}. */
  public long moreSkipped() {
    return moreSkipped;
  }
}
