package org.kho4j.verify.luo;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.scene.Scene;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreMapping.Fd;
import org.kho4j.verify.systemd.FdStoreReader;

/** The session of systemd: its mapping from units and names to files. */
public final class SystemdRules {

  private static final String ALL_LOST =
      "systemd logs a warning, restores no descriptor store, and finishes the session: all of its"
          + " files are lost (by the source of systemd 261).";

  public static final Rule MAPPING =
      Rule.error(
          "SYSTEMD-001",
          "The session systemd has a memfd with token 0, which holds the mapping.",
          ALL_LOST,
          "Another program created a session with this name, or the token was overwritten.",
          Outcome.LOST);

  public static final Rule JSON =
      Rule.error(
          "SYSTEMD-002",
          "The mapping is a JSON object with a version, and state and units are objects.",
          ALL_LOST,
          "The memfd was overwritten. It is sealed, so look for another owner of its pages.",
          Outcome.LOST);

  public static final Rule SIZE =
      Rule.warning(
          "SYSTEMD-003",
          "The mapping has at most 4 MiB.",
          "The mapping was not checked; the limit of systemd is unknown.",
          "A descriptor takes 50 to 600 bytes of JSON: look for a unit that stores more and more"
              + " descriptors.",
          Outcome.RESTORED,
          Outcome.LOST);

  public static final Rule VERSION =
      Rule.error(
          "SYSTEMD-004",
          "The mapping's version is at most 1.",
          ALL_LOST,
          "A newer systemd wrote the mapping: the next system needs this version, too.",
          Outcome.LOST);

  public static final Rule ENTRY =
      Rule.error(
          "SYSTEMD-005",
          "Every unit of the mapping has an array fdstore; each entry has a name and a token, or a"
              + " name and a session.",
          "systemd logs a warning and skips the entry: its unit starts without the descriptor (by"
              + " the source of systemd 261).",
          "A newer systemd with another type of descriptor wrote the mapping, or it was"
              + " overwritten.",
          Outcome.LOST);

  public static final Rule TOKEN =
      Rule.error(
          "SYSTEMD-006",
          "Every token of the mapping belongs to a file of the session.",
          "systemd logs a warning: the unit starts without the descriptor (by the source of"
              + " systemd 261).",
          "The list of files or the mapping was overwritten.",
          Outcome.LOST);

  public static final Rule UNNAMED =
      Rule.error(
          "SYSTEMD-007",
          "The mapping lists every file of the session.",
          "systemd does not retrieve the file, and finishes the session: the kernel frees the"
              + " file's memory without a message (by the source of systemd 261).",
          "Another program added the file to systemd's session, or the mapping was overwritten.",
          Outcome.LOST);

  public static final Rule OTHER_SESSION =
      Rule.error(
          "SYSTEMD-008",
          "Every session that the mapping names exists.",
          "systemd logs a warning: the unit starts without the descriptor (by the source of"
              + " systemd 261).",
          "The owner finished the session but left its descriptor in the store, or a name was"
              + " overwritten.",
          Outcome.LOST);

  private final Scene scene;
  private final LiveUpdate luo;
  private final Session session;

  private SystemdRules(Scene scene, LiveUpdate luo, Session session) {
    this.scene = scene;
    this.luo = luo;
    this.session = session;
  }

  /** Checks the mapping, where sessions and files can be read. */
  static void check(Scene scene) {
    try {
      LiveUpdate luo = scene.handover().client(LiveUpdate.CLIENT).orElseThrow();
      luo.session(FdStoreMapping.SESSION)
          .filter(FdStoreMapping::isIn)
          .ifPresent(session -> new SystemdRules(scene, luo, session).mapping());
    } catch (HandoverException e) {
      scene.findings().notChecked("systemd's mapping: " + e.getMessage());
    }
  }

  private void mapping() {
    Where where = FdStoreMapping.where(session);
    Content content = FdStoreMapping.content(session).orElse(null);
    if (content == null) {
      scene.report(
          MAPPING,
          session.where(),
          session.address(),
          "none of the %d files is a memfd with token 0",
          session.fileCount());
      return;
    }
    long address = content.firstAddress();
    if (content.size() > FdStoreMapping.MAX_BYTES) {
      scene.report(
          SIZE,
          where,
          address,
          "the mapping has %,d bytes, more than %,d",
          content.size(),
          FdStoreMapping.MAX_BYTES);
      return;
    }
    FdStoreMapping mapping;
    try {
      mapping = FdStoreReader.parse(where, content);
    } catch (HandoverException e) {
      if (e.getCause() instanceof MemoryReadException) {
        throw e;
      }
      scene.report(JSON, e);
      return;
    }
    if (Long.compareUnsigned(mapping.version(), FdStoreMapping.VERSION) > 0) {
      scene.report(
          VERSION, where, address, "the version is %s", Long.toUnsignedString(mapping.version()));
      return;
    }
    scene.count("storedDescriptors", mapping.fds().size());
    mapping.skipped().forEach(skipped -> scene.report(ENTRY, skipped));
    long more = mapping.moreSkipped();
    if (more > 0) {
      scene.report(
          ENTRY,
          where,
          address,
          "%,d more %s skipped",
          more,
          more == 1 ? "entry is" : "entries are");
    }
    tokens(mapping, where);
    sessions(mapping, where);
  }

  private void tokens(FdStoreMapping mapping, Where where) {
    Map<Long, Fd> missing = new HashMap<>();
    mapping.fds().forEach(fd -> fd.token().ifPresent(token -> missing.putIfAbsent(token, fd)));
    Set<Long> named = new HashSet<>(missing.keySet());
    named.add(FdStoreMapping.TOKEN);
    session
        .files()
        .forEach(file -> {
          missing.remove(file.token());
          if (!named.contains(file.token())) {
            scene.report(
                UNNAMED,
                file.where(),
                file.address(),
                "no unit of the mapping has token 0x%x",
                file.token());
          }
        });
    missing.forEach((token, fd) ->
        scene.report(
            TOKEN, place(where, fd), fd.address(), "no file of the session has token 0x%x", token));
  }

  private void sessions(FdStoreMapping mapping, Where where) {
    Map<String, Fd> missing = new HashMap<>();
    mapping.fds().forEach(fd -> fd.session().ifPresent(name -> missing.putIfAbsent(name, fd)));
    if (!missing.isEmpty()) {
      luo.sessions().forEach(other -> missing.remove(other.name()));
    }
    missing.forEach((name, fd) ->
        scene.report(
            OTHER_SESSION, place(where, fd), fd.address(), "there is no session \"%s\"", name));
  }

  private static Where place(Where where, Fd fd) {
    return where.named("unit", fd.unit()).named("fd", fd.name());
  }
}
