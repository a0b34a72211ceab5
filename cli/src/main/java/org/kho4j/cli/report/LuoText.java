package org.kho4j.cli.report;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.inspect.Seals;
import org.kho4j.cli.inspect.View.Folios;
import org.kho4j.cli.inspect.View.WalkedArea;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.luo.DevelopmentState;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreMapping.Fd;

/** The handover of LUO as HTML: sessions, their files, and FLBs. */
final class LuoText {

  private final Contents contents;
  private final Html html;
  private Where luo = Where.ROOT;
  private long sessions;
  private long files;
  private long memfdBytes;
  private boolean sessionShown;
  private long filesLeft;
  private long sessionsLeft;
  private @Nullable FdStoreMapping mapping;
  private Where mappingAt = Where.ROOT;

  LuoText(Contents contents) {
    this.contents = contents;
    this.html = contents.html();
  }

  long sessions() {
    return sessions;
  }

  long files() {
    return files;
  }

  /** Returns the bytes of the memfds, as far as their sizes are possible. */
  long memfdBytes() {
    return memfdBytes;
  }

  void begin(Subtree subtree, LiveUpdate update) throws IOException {
    luo = subtree.where();
    sessions = 0;
    files = 0;
    memfdBytes = 0;
    contents.subtree(
        subtree,
        update.version().compatible()
            + update.features().map(features -> ", " + features).orElse("")
            + ", live update "
            + Long.toUnsignedString(update.number()));
  }

  void beginSession(Session session, @Nullable FdStoreMapping systemd) throws IOException {
    mapping = systemd;
    mappingAt = FdStoreMapping.where(session);
    if (sessions++ == 0) {
      contents.table(
          "Sessions and files",
          "Token",
          "Handler",
          "Size",
          "Folios",
          "Seals",
          "Structure",
          "List of folios");
    }
    sessionShown = contents.takes(session.where());
    if (!sessionShown) {
      return;
    }
    html.line()
        .open("tbody")
        .open("tr", "class", "session", "id", contents.id(session.where()))
        .open("th", "scope", "rowgroup", "colspan", "5")
        .name(session.name())
        .element("span", Units.count(session.fileCount(), "file", "files"), "class", "count")
        .close()
        .open("td")
        .address(session.address())
        .close()
        .element("td", "")
        .close();
  }

  /** Begins a file's row; false if it is not shown. */
  private boolean beginFile(PreservedFile file) throws IOException {
    files++;
    if (!sessionShown || !contents.takes(file.where())) {
      filesLeft++;
      return false;
    }
    contents
        .row(file.where())
        .open("th", "scope", "row")
        .element("code", "0x" + Long.toHexString(file.token()), "class", "a");
    if (mapping != null) {
      name(mapping, file.token());
    }
    html.close().open("td").name(file.compatible()).close();
    return true;
  }

  /** The name that a unit gave the file. */
  private void name(FdStoreMapping systemd, long token) throws IOException {
    if (token == FdStoreMapping.TOKEN) {
      html.text(" systemd's mapping");
      return;
    }
    Fd fd = systemd.fd(token).orElse(null);
    if (fd != null) {
      html.text(" ").name(fd.name()).text(" of ").name(fd.unit());
    }
  }

  /** Descriptors that stand for sessions of their own. */
  private void otherSessions(FdStoreMapping systemd, Where where) throws IOException {
    long left = 0;
    for (Fd fd : systemd.fds()) {
      if (fd.session().isEmpty()) {
        continue;
      }
      if (!contents.takes(where.named("unit", fd.unit()).named("fd", fd.name()))) {
        left++;
        continue;
      }
      html.line()
          .open("tr")
          .open("th", "scope", "row", "colspan", "7")
          .name(fd.name())
          .text(" of ")
          .name(fd.unit())
          .text(": session ")
          .name(fd.session().get())
          .close()
          .close();
    }
    contents.more(left, 7, "stored session", "stored sessions");
  }

  void file(PreservedFile file, @Nullable DevelopmentState state) throws IOException {
    if (beginFile(file)) {
      html.element(
          "td",
          state == null ? "not decoded" : "in no release: " + state,
          "colspan",
          "3",
          "class",
          "faint");
      html.open("td").address(file.data()).close().element("td", "").close();
    }
  }

  void memfd(PreservedFile file, Memfd memfd, WalkedArea foliosInfo, @Nullable Folios folios)
      throws IOException {
    memfdBytes += Math.max(0, memfd.size());
    if (!beginFile(file)) {
      return;
    }
    contents.number(Contents.size(memfd.size()));
    if (folios == null || memfd.folioCount() == 0) {
      contents.number(Units.count(memfd.folioCount()));
    } else {
      html.open("td").raw(Contents.orders(folios.orders()));
      if (folios.absentBytes() > 0) {
        html.text(", " + Units.size(folios.absentBytes()) + " not in the dump");
      }
      html.close();
    }
    html.element("td", Seals.names(memfd.seals().orElse(0)));
    contents.place(html.open("td"), file.data()).close();
    html.open("td");
    contents.area(foliosInfo).close().close();
  }

  void endSession() throws IOException {
    if (sessionShown) {
      if (mapping != null) {
        otherSessions(mapping, mappingAt);
      }
      contents.more(filesLeft, 7, "file", "files");
      html.close();
    } else {
      sessionsLeft++;
    }
    filesLeft = 0;
  }

  void endSessions() throws IOException {
    if (sessions == 0) {
      html.element("p", "No sessions: a kernel writes them at the jump.", "class", "note");
      return;
    }
    if (sessionsLeft > 0) {
      html.open("tbody");
      contents.more(sessionsLeft, 7, "session", "sessions");
      html.close();
    }
    contents.endTable();
  }

  void flbs(@Nullable List<Flb> flbs, Map<String, DevelopmentState> states) throws IOException {
    if (flbs == null || flbs.isEmpty()) {
      return;
    }
    contents.table("Data shared by files (FLB)", "Name", "Data", "References");
    html.open("tbody");
    for (int i = 0; i < flbs.size(); i++) {
      Flb flb = flbs.get(i);
      contents.row(luo.in("flbs").in("flb", i)).open("th", "scope", "row").name(flb.name()).close();
      html.open("td").address(flb.data());
      DevelopmentState state = states.get(flb.name());
      if (state != null) {
        html.text(", in no release: " + state);
      }
      html.close();
      contents.number(Long.toUnsignedString(flb.count())).close();
    }
    html.close();
    contents.endTable();
  }
}
