package org.kho4j.cli.report;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.inspect.View;
import org.kho4j.cli.output.Problems;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.verify.ScratchView;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.DevelopmentState;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.map.MapEvidence;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.memory.MemorySource;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.systemd.FdStoreMapping;

/** The content of a handover as HTML: facts, subtrees, errors. Kept until the page is written. */
final class HandoverText implements View {

  private static final int MOST_ERRORS = 200;

  private final Contents contents;
  private final LuoText luo;
  private final Html html;
  private final StringBuilder facts = new StringBuilder();
  private final StringBuilder problems = new StringBuilder();
  private long errors;
  private @Nullable String release;
  private @Nullable MapSummary summary;

  /** Nothing yet; what it reads below the root goes into {@code contents}. */
  HandoverText(Contents contents) {
    this.contents = contents;
    this.luo = new LuoText(contents);
    this.html = contents.html();
  }

  CharSequence facts() {
    return facts;
  }

  CharSequence body() {
    return contents.text();
  }

  CharSequence problems() {
    return problems;
  }

  /** Parts that could not be read. */
  long errorCount() {
    return errors;
  }

  /** Its LUO sessions and files. */
  LuoText luo() {
    return luo;
  }

  /** Returns the release of the kernel that wrote the handover, if it is recorded. */
  @Nullable String release() {
    return release;
  }

  /** Returns the summary of the preserved map, if the map can be read. */
  @Nullable MapSummary summary() {
    return summary;
  }

  @Override
  public void begin(MemorySource source, int pageSize) {}

  @Override
  public void beginHandover(Handover handover) throws IOException {
    Html out = new Html(facts);
    Contents.fact(out, "root FDT").text(Units.size(handover.root().totalSize()) + " at ");
    contents.place(out, handover.root().address()).close().close();
    Contents.fact(out, "page size").text(Units.size(handover.pageSize().bytes())).close().close();
  }

  @Override
  public void map(Handover handover, @Nullable PreservedMap map, @Nullable MapSummary found)
      throws IOException {
    summary = found;
    Html out = new Html(facts);
    Contents.fact(out, "preserved map");
    if (handover.mapState() == Handover.MapState.NOT_FINALIZED) {
      out.element("span", "not finalized", "class", "tag warning").close().close();
      return;
    }
    if (found == null) {
      out.element(
          "span",
          View.unwalked(handover),
          "class",
          handover.mapFault().isPresent() ? "tag error" : "tag warning");
      if (map == null) {
        out.close().close();
        return;
      }
      out.text(" at ");
    } else {
      if (handover.mapFault().isPresent()) {
        out.element("span", "damaged", "class", "tag error").text(" ");
      } else if (handover.mapState() == Handover.MapState.ABSENT) {
        out.element("span", View.PARTLY_ABSENT, "class", "tag warning").text(" ");
      }
      out.text(Units.count(found.nodes(), "page", "pages") + " from ");
    }
    contents.place(out, Objects.requireNonNull(map).root()).close().close();
    form(out, handover.mapEvidence());
    if (found != null) {
      Contents.fact(out, "preserved")
          .element("strong", Units.size(found.blocks().bytes()))
          .text(" in " + Units.count(found.blocks().total(), "block", "blocks"))
          .close()
          .close();
      Contents.fact(out, "blocks").raw(Contents.orders(found.blocks())).close().close();
    }
  }

  private static void form(Html out, MapEvidence evidence) throws IOException {
    if (evidence.certainty() == MapEvidence.Certainty.ONLY) {
      return;
    }
    Contents.fact(out, "form of the map")
        .text(evidence.form().id() + " (" + evidence.certainty().label() + "): ")
        .text(evidence.because())
        .close()
        .close();
  }

  @Override
  public void scratch(Scratch scratch) throws IOException {
    Contents.fact(new Html(facts), "scratch").text(ScratchView.sentence(scratch)).close().close();
  }

  @Override
  public void beginSubtrees(List<Subtree> subtrees) {}

  @Override
  public void blob(Subtree subtree) throws IOException {
    if (contents.takes(subtree.where())) {
      contents.subtree(subtree, "not decoded").close();
    }
  }

  @Override
  public void metadata(Subtree subtree, Metadata metadata) throws IOException {
    release = metadata.previousRelease();
    contents.subtree(subtree, "who wrote it").open("dl", "class", "facts");
    Contents.fact(html, "kernel")
        .open("strong")
        .text("Linux ")
        .name(release)
        .close()
        .close()
        .close();
    Contents.fact(html, "kexec").text(Units.count(metadata.kexecCount())).close().close();
    Contents.fact(html, "version").text(Units.count(metadata.version())).close().close();
    html.close().close();
  }

  @Override
  public void memblock(Subtree subtree, List<ReserveMem> reservations) throws IOException {
    contents.subtree(subtree, Units.count(reservations.size(), "reservation", "reservations"));
    contents.table("Reservations", "Name", "Address", "Size");
    html.open("tbody");
    int left = 0;
    for (ReserveMem reservation : reservations) {
      Where where = reservation.where();
      if (!contents.takes(where)) {
        left++;
        continue;
      }
      contents.row(where).open("th", "scope", "row").untrusted(reservation.name()).close();
      contents.place(html.open("td"), reservation.start()).close();
      contents.number(Units.size(reservation.size())).close();
    }
    contents.more(left, 3, "reservation", "reservations");
    html.close();
    contents.endTable();
    html.close();
  }

  @Override
  public void khoTest(
      Subtree subtree, KhoTest test, WalkedArea foliosInfo, KhoTest.@Nullable Data data)
      throws IOException {
    contents.subtree(subtree, "the kernel's own test").open("dl", "class", "facts");
    Contents.fact(html, "folios").text(Units.count(test.folios())).close().close();
    if (data != null) {
      Contents.fact(html, "data").text(Units.size(data.bytes())).close().close();
      Contents.fact(html, "checksum")
          .element("code", "0x" + Long.toHexString(test.checksum()))
          .text(" ")
          .element(
              "span",
              data.checksumMatches() ? "matches" : "does not match",
              "class",
              data.checksumMatches() ? "tag good" : "tag error")
          .close()
          .close();
    }
    Contents.fact(html, "folios_info");
    contents.area(foliosInfo).close().close();
    html.close().close();
  }

  @Override
  public void beginLiveUpdate(Subtree subtree, LiveUpdate update) throws IOException {
    luo.begin(subtree, update);
  }

  @Override
  public void beginSession(Session session, @Nullable FdStoreMapping systemd) throws IOException {
    luo.beginSession(session, systemd);
  }

  @Override
  public void file(PreservedFile file, @Nullable DevelopmentState state) throws IOException {
    luo.file(file, state);
  }

  @Override
  public void memfd(PreservedFile file, Memfd memfd, WalkedArea foliosInfo, @Nullable Folios folios)
      throws IOException {
    luo.memfd(file, memfd, foliosInfo, folios);
  }

  @Override
  public void endSession() throws IOException {
    luo.endSession();
  }

  @Override
  public void endSessions() throws IOException {
    luo.endSessions();
  }

  @Override
  public void flbs(@Nullable List<Flb> flbs, Map<String, DevelopmentState> states, boolean complete)
      throws IOException {
    luo.flbs(flbs, states);
  }

  @Override
  public void endLiveUpdate() throws IOException {
    html.close();
  }

  @Override
  public void endSubtrees() throws IOException {
    contents.noteCut();
  }

  @Override
  public void errors(Problems found) throws IOException {
    errors = found.count();
    list("", found);
  }

  @Override
  public void absent(Problems found) throws IOException {
    list("not in the dump: ", found);
  }

  @Override
  public void newer(Problems found) throws IOException {
    list("not decoded: ", found);
  }

  private void list(String prefix, Problems found) throws IOException {
    if (found.isEmpty()) {
      return;
    }
    Html out = new Html(problems).open("ul", "class", "problems");
    for (HandoverException problem : found.first().stream().limit(MOST_ERRORS).toList()) {
      out.open("li").text(prefix).open("code").path(problem.path()).close().text(" at ");
      out.address(problem.address()).text(": ").untrusted(problem.problem()).close();
    }
    if (found.count() > MOST_ERRORS) {
      out.element("li", prefix + "and " + Units.count(found.count() - MOST_ERRORS) + " more");
    }
    out.close();
  }

  @Override
  public void endHandover() {}

  @Override
  public void end() {}
}
