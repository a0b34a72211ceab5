package org.kho4j.cli.convert;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.cli.content.PreservedContent;
import org.kho4j.handover.Handover;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.LuoHead;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;

/** The plan for LUO's state: the sessions, files and FLBs that come over. */
final class LuoPlan {

  /**
   * A session that comes over.
   *
   * @param files of it that come over
   */
  record PlannedSession(Session session, List<PreservedFile> files) {}

  /** LUO's state. */
  record PlannedLuo(long number, List<PlannedSession> sessions, List<Flb> flbs) {}

  private final Handover source;
  private final Target target;
  private final PageSize pageSize;
  private final KeptBlocks kept;
  private final PreservedContent contents;
  private final ClaimedMemory claims;
  private final CopiedParts copied;

  /** A lower bound: a list that is not readable counts as one file. */
  private long filesLeftOut;

  private @Nullable PlannedLuo planned;

  LuoPlan(
      Handover source,
      Target target,
      KeptBlocks kept,
      PreservedContent contents,
      ClaimedMemory claims,
      CopiedParts copied) {
    this.source = source;
    this.target = target;
    this.pageSize = source.pageSize();
    this.kept = kept;
    this.contents = contents;
    this.claims = claims;
    this.copied = copied;
  }

  /**
   * Plans LUO's state.
   *
   * @throws HandoverException if its head is broken
   */
  void plan(Subtree subtree) {
    LuoHead head = LuoHead.read(source.memory(), subtree);
    LiveUpdate state = LiveUpdate.CLIENT.read(source, subtree);
    contents.requireHead(subtree);
    kept.drop(subtree.address(), subtree.size());
    kept.drop(head.address());
    kept.drop(head.sessions());
    LuoVersion version = target.luo();
    if (version == null) {
      copied.leaveOut("/" + subtree.name(), "%s has no LUO".formatted(target.kho()));
    }
    List<PlannedSession> sessions = new ArrayList<>();
    Set<String> names = new HashSet<>();
    list(
        subtree.where().in("sessions"),
        () ->
            state
                .sessions(problem ->
                    copied.leaveOut(problem.path(), problem.problem() + ": it is cut off"))
                .forEach(session -> {
                  contents.require(session);
                  kept.drop(session.address());
                  String problem =
                      names.add(session.name())
                          ? unfit(session.name(), LuoSession.NAME)
                          : session.ambiguous().problem();
                  if (problem.isEmpty()) {
                    session(session, sessions, version);
                  } else {
                    leaveOutUnnamed(session.where(), problem);
                  }
                }));
    List<Flb> flbs = new ArrayList<>();
    Where page = subtree.where().in("flbs");
    copied.ifReadable(
        page,
        () -> {
          List<Flb> read = state.flbs();
          if (head.flbs() != 0) {
            contents.require(page, "", head.flbs(), 1);
            kept.drop(head.flbs());
          }
          for (int i = 0; i < read.size(); i++) {
            Flb flb = read.get(i);
            String problem = unfit(flb.name(), LuoFlb.NAME);
            if (problem.isEmpty()) {
              claimPage(flb.data());
              flbs.add(flb);
            } else {
              copied.leaveOut(page.in("flb", i).toString(), problem);
            }
          }
        });
    if (version != null) {
      planned = new PlannedLuo(state.number(), sessions, flbs);
    }
  }

  private void session(
      Session session, List<PlannedSession> sessions, @Nullable LuoVersion version) {
    int room = version == null ? 0 : capacity(version.sessionList());
    boolean fits = sessions.size() < room;
    if (!fits && version != null) {
      copied.leaveOut(
          session.where().toString(), "%s has room for %d sessions".formatted(version, room));
    }
    List<PreservedFile> files = files(session, fits ? version : null);
    if (fits) {
      sessions.add(new PlannedSession(session, files));
    }
  }

  /**
   * Returns why a name cannot be written, each byte that is not UTF-8 as U+FFFD; empty if it can.
   */
  private static String unfit(String name, Field field) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    return bytes > 0 && bytes < field.size()
        ? ""
        : "%s has %d bytes, not 1 to %d".formatted(field.name(), bytes, field.size() - 1);
  }

  /** Leaves a session or a file out that a kernel does not find by its name. */
  private void leaveOutUnnamed(Where part, String reason) {
    copied.leaveOut(part.toString(), reason + "; its memory stays preserved without an owner");
    filesLeftOut++;
  }

  /** Claims the page at the address of a structure whose size is unknown. */
  private void claimPage(long address) {
    long page = address & -pageSize.bytes();
    if (page != 0 && source.memory().physical().isRam(page, pageSize.bytes())) {
      claims.add(page, pageSize.bytes());
    }
  }

  /** Leaves the files out whose memory other parts took since they were planned. */
  void keepOwnMemory() {
    PlannedLuo before = planned;
    if (before != null) {
      before.sessions().forEach(session -> session.files().removeIf(file -> !keepsOwnMemory(file)));
    }
  }

  private boolean keepsOwnMemory(PreservedFile file) {
    boolean keeps =
        copied.ifReadable(file.where(), () -> copied.requireKept(file, isRewritten(file)));
    filesLeftOut += keeps ? 0 : 1;
    return keeps;
  }

  /** Returns LUO's state; its FLBs count the files that come over. */
  Optional<PlannedLuo> planned() {
    PlannedLuo luo = planned;
    LuoVersion version = target.luo();
    if (luo == null || version == null) {
      return Optional.empty();
    }
    long files = luo.sessions().stream().mapToLong(session -> session.files().size()).sum();
    return Optional.of(
        new PlannedLuo(luo.number(), luo.sessions(), flbs(version, luo.flbs(), files)));
  }

  /** Returns whether a file's structure has to be written in another version's form. */
  boolean isRewritten(PreservedFile file) {
    MemfdVersion wanted = target.memfd();
    return MemfdVersion.of(file.compatible())
        .filter(version -> wanted == null || !version.compatible().equals(wanted.compatible()))
        .isPresent();
  }

  /** Plans what is in a list; the rest of one that is not readable is left out. */
  private void list(Where list, Runnable planning) {
    if (!copied.ifReadable(list, planning)) {
      filesLeftOut++;
    }
  }

  /** How many entries a list takes; blocks take as many as one wants. */
  private int capacity(Structure list) {
    return list.has(KhoBlock.COUNT) ? Integer.MAX_VALUE : list.capacity(pageSize);
  }

  private List<PreservedFile> files(Session session, @Nullable LuoVersion version) {
    List<PreservedFile> files = new ArrayList<>();
    int room = version == null ? 0 : capacity(version.fileList());
    Set<Long> tokens = new HashSet<>();
    list(
        session.where().in("files"),
        () ->
            session
                .files()
                .forEach(file -> {
                  contents.require(file);
                  kept.drop(file.address());
                  String problem =
                      tokens.add(file.token())
                          ? unfit(file.compatible(), LuoFile.COMPATIBLE)
                          : file.ambiguous().problem();
                  if (!problem.isEmpty()) {
                    leaveOutUnnamed(file.where(), problem);
                    return;
                  }
                  boolean fits = files.size() < room;
                  if (copied.ifReadable(file.where(), () -> file(file, fits, version)) && fits) {
                    files.add(file);
                  } else {
                    filesLeftOut++;
                  }
                }));
    return files;
  }

  private void file(PreservedFile file, boolean fits, @Nullable LuoVersion version) {
    if (fits) {
      file(file);
      return;
    }
    if (version != null) {
      copied.leaveOut(
          file.where().toString(),
          "%s has room for %d files in a session".formatted(version, capacity(version.fileList())));
    }
    file.as(Memfd.HANDLER)
        .ifPresentOrElse(
            memfd -> drop(file, memfd),
            () ->
                copied.leaveOut(
                    file.where().toString(),
                    "the memory of \"%s\" is unknown; it stays preserved without an owner"
                        .formatted(file.compatible())));
  }

  private void drop(PreservedFile file, Memfd memfd) {
    contents.memfd(file, memfd);
    memfd.forEachFolio((address, index, flags) -> kept.drop(address));
    copied.drop(memfd.foliosInfo());
    kept.drop(file.data());
  }

  private void file(PreservedFile file) {
    copied.require(file, isRewritten(file));
    if (!isRewritten(file)) {
      claimPage(file.data());
      return;
    }
    kept.drop(file.data());
    long seals = file.as(Memfd.HANDLER).orElseThrow().seals().orElse(0);
    if (seals != 0 && keepsNoSeals()) {
      copied.leaveOut(
          file.where().in("seals").toString(),
          "seals 0x%x: %s has none".formatted(seals, target.memfd()));
    }
  }

  private boolean keepsNoSeals() {
    MemfdVersion memfd = target.memfd();
    return memfd == null || !memfd.structure().has(MemfdSer.SEALS);
  }

  private List<Flb> flbs(LuoVersion version, List<Flb> flbs, long files) {
    if (version.flbs() || flbs.isEmpty()) {
      return flbs.stream().map(flb -> referenced(flb, files)).toList();
    }
    for (int i = 0; i < flbs.size(); i++) {
      copied.leaveOut(
          "/LUO/flbs/flb " + i, "%s has no FLBs: %s".formatted(version, flbs.get(i).name()));
    }
    return List.of();
  }

  /** An FLB counts the files that hold a reference to it. Not more of them can be left. */
  private Flb referenced(Flb flb, long files) {
    if (filesLeftOut == 0 || Long.compareUnsigned(flb.count(), files) <= 0) {
      return flb;
    }
    copied.leaveOut(
        "/LUO/flbs",
        "%s of the %s references to %s: so many files are left out"
            .formatted(
                Long.toUnsignedString(flb.count() - files),
                Long.toUnsignedString(flb.count()),
                flb.name()));
    return new Flb(flb.name(), flb.data(), files);
  }
}
