package org.kho4j.cli.inspect;

import static org.kho4j.cli.output.Text.Style.BAD;
import static org.kho4j.cli.output.Text.Style.FAINT;
import static org.kho4j.cli.output.Text.Style.GOOD;
import static org.kho4j.cli.output.Text.Style.HEADING;
import static org.kho4j.cli.output.Text.Style.NAME;
import static org.kho4j.cli.output.Text.Style.WARNING;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.output.Problems;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.verify.ScratchView;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Metadata;
import org.kho4j.handover.PageSizeEvidence;
import org.kho4j.handover.khotest.KhoTest;
import org.kho4j.handover.luo.DevelopmentState;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.map.MapEvidence;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.map.OrderCounts;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.MemorySource;
import org.kho4j.verify.PreservedRange;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreMapping.Fd;

/**
 * The tree that people read. Lists whose length is not known before they end close with a line that
 * sums them up, which is the last of its level.
 */
final class TreeView implements View {

  private final Text out;
  private final int listed;
  private final RangeText ranges;
  private final Guide guide = new Guide();

  private boolean taken;
  private int subtreesLeft;
  private long sessions;
  private long files;
  private long filesOfSession;
  private long memfdBytes;
  private @Nullable FdStoreMapping mapping;

  /**
   * A tree.
   *
   * @param listed how many sessions, and how many files of each, are listed
   */
  TreeView(Text out, int listed) {
    this.out = out;
    this.listed = listed;
    this.ranges = new RangeText(out, listed);
  }

  @Override
  public void begin(MemorySource source, int bytesPerPage) throws IOException {
    out.name(source.path().toString())
        .put(": " + source.kind().label() + ", ")
        .size(source.bytes())
        .put(", pages of ")
        .size(bytesPerPage)
        .line();
  }

  @Override
  public void beginHandover(Handover handover) throws IOException {
    taken = handover.taken().isPresent();
    out.line().put(HEADING, Units.printable(handover.root().compatible()) + " handover");
    if (handover.role() != Handover.Role.UNKNOWN) {
      out.put(", ").put(NAME, handover.role().label());
    }
    out.put(", root FDT at ")
        .address(handover.root().address())
        .put(", ")
        .size(handover.root().totalSize())
        .line();
    PageSizeEvidence evidence = handover.pageSizeEvidence();
    if (evidence.isUnsure()) {
      out.put("pages of ")
          .put(WARNING, evidence.size().label() + ", perhaps")
          .put(FAINT, ": " + evidence.because() + " (--page-size decides)")
          .line();
    }
  }

  @Override
  public void map(Handover handover, @Nullable PreservedMap map, @Nullable MapSummary summary)
      throws IOException {
    out.put(guide.entry(false)).put(NAME, "preserved map");
    if (handover.mapState() == Handover.MapState.NOT_FINALIZED) {
      out.put(": ").put(WARNING, "not finalized").put(", so that there is none yet").line();
      return;
    }
    if (map != null) {
      out.put(" at ").address(map.root());
    }
    if (summary == null) {
      out.put(": ")
          .put(handover.mapFault().isPresent() ? BAD : WARNING, View.unwalked(handover))
          .line();
      return;
    }
    out.put(": ")
        .size(summary.blocks().bytes())
        .put(" in ")
        .count(summary.blocks().total(), "block", "blocks")
        .put(FAINT, ", " + Units.count(summary.nodes(), "node", "nodes"));
    if (handover.mapFault().isPresent()) {
      out.put(", ").put(BAD, "damaged");
    } else if (handover.mapState() == Handover.MapState.ABSENT) {
      out.put(", ").put(WARNING, View.PARTLY_ABSENT);
    }
    out.line();
    guide.down(false);
    if (summary.blocks().total() > 0) {
      out.put(guide.text()).put(FAINT, orders(summary.blocks())).line();
    }
    form(handover.mapEvidence());
    guide.up();
  }

  @Override
  public void scratch(Scratch scratch) throws IOException {
    out.put(guide.entry(false))
        .put(NAME, "scratch")
        .put(": ")
        .put(ScratchView.sentence(scratch))
        .line();
  }

  private void form(MapEvidence evidence) throws IOException {
    if (evidence.certainty() == MapEvidence.Certainty.ONLY) {
      return;
    }
    boolean open = evidence.certainty() == MapEvidence.Certainty.UNSURE;
    out.put(guide.text())
        .put("form ")
        .put(open ? WARNING : NAME, evidence.form().id() + (open ? ", perhaps" : ""))
        .put(FAINT, ": " + evidence.because() + (open ? " (--map-form decides)" : ""))
        .line();
  }

  private static String orders(OrderCounts counts) {
    StringJoiner text = new StringJoiner(", ");
    counts.forEach((order, blockBytes, blocks) ->
        text.add(Units.count(blocks) + " × " + Units.size(blockBytes)));
    return text.toString();
  }

  @Override
  public void beginSubtrees(List<Subtree> subtrees) {
    subtreesLeft = subtrees.size();
  }

  /** The head of a subtree's entry; its line is still open. */
  private void subtree(Subtree subtree) {
    subtreesLeft--;
    out.put(guide.entry(subtreesLeft == 0))
        .name(subtree.name())
        .put(" at ")
        .address(subtree.address())
        .put(", ");
    out.put(subtree.size() < 0 ? "impossible size" : Units.size(subtree.size()));
    guide.down(subtreesLeft == 0);
  }

  @Override
  public void blob(Subtree subtree) throws IOException {
    subtree(subtree);
    out.put(FAINT, ", not decoded").line();
    guide.up();
  }

  @Override
  public void metadata(Subtree subtree, Metadata metadata) throws IOException {
    subtree(subtree);
    out.put(": Linux ")
        .name(metadata.previousRelease())
        .put(", kexec " + metadata.kexecCount())
        .line();
    guide.up();
  }

  @Override
  public void memblock(Subtree subtree, List<ReserveMem> reservations) throws IOException {
    subtree(subtree);
    out.put(": ").count(reservations.size(), "reservation", "reservations").line();
    for (int i = 0; i < reservations.size(); i++) {
      ReserveMem reservation = reservations.get(i);
      out.put(guide.entry(i == reservations.size() - 1))
          .put("reserve_mem ")
          .name(reservation.name())
          .put(" at ")
          .address(reservation.start())
          .put(", ")
          .size(reservation.size())
          .line();
    }
    guide.up();
  }

  @Override
  public void khoTest(
      Subtree subtree, KhoTest test, WalkedArea foliosInfo, KhoTest.@Nullable Data data)
      throws IOException {
    subtree(subtree);
    out.put(": ").count(test.folios(), "folio", "folios");
    if (data != null) {
      out.put(", ").size(data.bytes()).put(", checksum ");
      out.put(
          data.checksumMatches() ? GOOD : BAD,
          data.checksumMatches() ? "matches" : "does not match");
    }
    out.line();
    vmalloc(true, "folios_info", foliosInfo);
    guide.up();
  }

  private void vmalloc(boolean last, String name, WalkedArea read) throws IOException {
    Descriptor area = read.area().descriptor();
    out.put(guide.entry(last))
        .put(name + ": vmalloc area of ")
        .count(area.totalPages(), "page", "pages");
    if (area.order() != 0) {
      out.put(", order " + area.order());
    }
    // The order tells the flags of other areas, and an area of no pages has none.
    if (area.totalPages() != 0 && area.flags() != OwnedArea.flags(area.order())) {
      out.put(", flags 0x" + Integer.toHexString(area.flags()));
    }
    if (read.chunks() != null) {
      out.put(", ").count(read.chunks(), "chunk", "chunks");
    }
    out.put(", first ").address(area.first()).line();
  }

  @Override
  public void beginLiveUpdate(Subtree subtree, LiveUpdate luo) throws IOException {
    subtree(subtree);
    out.put(": " + luo.version().compatible());
    if (luo.features().isPresent()) {
      out.put(", " + luo.features().get());
    }
    out.put(", live update " + Long.toUnsignedString(luo.number())).line();
    sessions = 0;
    files = 0;
    memfdBytes = 0;
  }

  @Override
  public void beginSession(Session session, @Nullable FdStoreMapping systemd) throws IOException {
    mapping = systemd;
    sessions++;
    filesOfSession = 0;
    guide.down(false);
    if (sessions <= listed) {
      guide.up();
      out.put(guide.entry(false))
          .put("session ")
          .name(session.name())
          .put(", ")
          .count(session.fileCount(), "file", "files");
      if (systemd != null) {
        out.put(", descriptors of ").count(units(systemd), "unit", "units");
      }
      out.line();
      guide.down(false);
    }
  }

  private static long units(FdStoreMapping systemd) {
    return systemd.fds().stream().map(Fd::unit).distinct().count();
  }

  /**
   * Counts a file; true if it shall be listed. The head of its entry is written, and its line still
   * open.
   */
  private boolean beginFile(PreservedFile file) {
    files++;
    filesOfSession++;
    if (sessions > listed || filesOfSession > listed) {
      return false;
    }
    out.put(guide.text()).put("· ").put(NAME, "0x" + Long.toHexString(file.token())).put(" ");
    if (mapping != null) {
      if (file.token() == FdStoreMapping.TOKEN) {
        out.put("systemd's mapping, ");
      } else {
        mapping.fd(file.token()).ifPresent(this::fd);
      }
    }
    out.put(Units.printable(Units.orNoName(file.compatible())));
    return true;
  }

  private void fd(Fd fd) {
    out.name(fd.name()).put(" of ").name(fd.unit()).put(", ");
  }

  @Override
  public void file(PreservedFile file, @Nullable DevelopmentState state) throws IOException {
    if (beginFile(file)) {
      out.put(", data ")
          .address(file.data())
          .put(FAINT, state == null ? ", not decoded" : ", in no release: " + state)
          .line();
    }
  }

  @Override
  public void memfd(PreservedFile file, Memfd memfd, WalkedArea foliosInfo, @Nullable Folios folios)
      throws IOException {
    memfdBytes += Math.max(0, memfd.size());
    if (!beginFile(file)) {
      return;
    }
    out.put(": ").put(memfd.size() < 0 ? "impossible size" : Units.size(memfd.size()));
    long found = folios == null ? memfd.folioCount() : folios.orders().total();
    out.put(" in ").count(found, "folio", "folios");
    if (folios != null && found > 0) {
      out.put(FAINT, ": " + orders(folios.orders()));
    }
    if (found != memfd.folioCount()) {
      long without = memfd.folioCount() - found;
      out.put(", ").put(WARNING, Units.count(without, "entry has", "entries have") + " no folio");
    }
    if (folios != null && folios.absentBytes() > 0) {
      out.put(", ").put(WARNING, Units.size(folios.absentBytes()) + " not in the dump");
    }
    if (memfd.seals().orElse(0) != 0) {
      out.put(FAINT, ", seals: " + Seals.names(memfd.seals().getAsLong()));
    }
    out.line();
  }

  @Override
  public void endSession() throws IOException {
    if (sessions <= listed && filesOfSession > listed) {
      out.put(guide.text())
          .put(FAINT, "· and " + Units.count(filesOfSession - listed) + " more: --all")
          .line();
    }
    if (sessions <= listed && mapping != null) {
      otherSessions(mapping);
    }
    guide.up();
  }

  /** Descriptors that stand for sessions of their own. */
  private void otherSessions(FdStoreMapping systemd) throws IOException {
    long others = 0;
    for (Fd fd : systemd.fds()) {
      if (fd.session().isPresent() && others++ < listed) {
        out.put(guide.text()).put("· ");
        fd(fd);
        out.put("session ").name(fd.session().get()).line();
      }
    }
    if (others > listed) {
      out.put(guide.text())
          .put(FAINT, "· and " + Units.count(others - listed) + " more: --all")
          .line();
    }
  }

  @Override
  public void endSessions() throws IOException {
    if (sessions > listed) {
      out.put(guide.entry(false))
          .put(
              FAINT,
              "and " + Units.count(sessions - listed, "more session", "more sessions") + ": --all")
          .line();
    }
  }

  @Override
  public void flbs(@Nullable List<Flb> flbs, Map<String, DevelopmentState> states, boolean complete)
      throws IOException {
    if (flbs != null) {
      for (Flb flb : flbs) {
        out.put(guide.entry(false))
            .put("flb ")
            .name(flb.name())
            .put(", data ")
            .address(flb.data())
            .put(", ")
            .put(Long.toUnsignedString(flb.count()))
            .put(flb.count() == 1 ? " reference" : " references");
        DevelopmentState state = states.get(flb.name());
        if (state != null) {
          out.put(FAINT, ", in no release: " + state);
        }
        out.line();
      }
    }
    out.put(guide.entry(true))
        .put(complete ? "in all " : "at least ")
        .count(sessions, "session", "sessions")
        .put(", ")
        .count(files, "file", "files")
        .put(", ")
        .size(memfdBytes)
        .put(" of memfd data")
        .line();
  }

  @Override
  public void endLiveUpdate() {
    guide.up();
  }

  @Override
  public void endSubtrees() {}

  @Override
  public void beginRanges() throws IOException {
    ranges.begin();
  }

  @Override
  public void range(PreservedRange range) throws IOException {
    ranges.range(range);
  }

  @Override
  public void endRanges() throws IOException {
    ranges.end();
  }

  @Override
  public void errors(Problems errors) throws IOException {
    for (HandoverException error : errors.first()) {
      problem().put(Units.printable(error)).line();
    }
    if (errors.more() > 0) {
      problem().put("and " + Units.count(errors.more()) + " more").line();
    }
  }

  @Override
  public void absent(Problems absent) throws IOException {
    noFaults("not in the dump ", absent, "");
  }

  @Override
  public void newer(Problems newer) throws IOException {
    noFaults("newer ", newer, ": not decoded");
  }

  private void noFaults(String begin, Problems parts, String end) throws IOException {
    for (HandoverException part : parts.first()) {
      out.put(WARNING, begin).put(Units.printable(part)).put(FAINT, end).line();
    }
    if (parts.more() > 0) {
      out.put(WARNING, begin).put("and " + Units.count(parts.more()) + " more").line();
    }
  }

  /** Starts a line about a problem; in a handover that a kernel has taken, it is not a fault. */
  private Text problem() throws IOException {
    return taken ? out.put(WARNING, "consumed ") : out.put(BAD, "error ");
  }

  @Override
  public void endHandover() {}

  @Override
  public void end() {}
}
