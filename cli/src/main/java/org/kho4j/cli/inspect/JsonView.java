package org.kho4j.cli.inspect;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Problems;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.preflight.ProfileFile;
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
import org.kho4j.handover.vmalloc.PreservedArea;
import org.kho4j.memory.MemorySource;
import org.kho4j.preflight.outgoing.HandoverReader;
import org.kho4j.preflight.profile.Support;
import org.kho4j.verify.PreservedRange;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.systemd.FdStoreMapping;
import org.kho4j.verify.systemd.FdStoreMapping.Fd;

/** The JSON of {@code kho4j/inspect/1}. */
final class JsonView implements View {

  private final Json json;
  private Map<String, Support> parts = Map.of();
  private @Nullable FdStoreMapping mapping;

  JsonView(Json json) {
    this.json = json;
  }

  @Override
  public void begin(MemorySource source, int pageSize) {
    json.document(Schema.INSPECT);
    json.object("source")
        .text("path", source.path().toString())
        .text("kind", source.kind().label())
        .number("bytes", source.bytes())
        .number("pageSize", pageSize)
        .endObject();
    json.array("handovers");
  }

  @Override
  public void beginHandover(Handover handover) {
    parts = handover.taken().isPresent() ? Map.of() : HandoverReader.parts(handover);
    json.object()
        .address("fdt", handover.root().address())
        .number("totalSize", handover.root().totalSize())
        .text("compatible", handover.root().compatible())
        .text("role", handover.role().label());
    PageSizeEvidence evidence = handover.pageSizeEvidence();
    if (evidence.certainty() != MapEvidence.Certainty.ONLY) {
      json.object("pageSizeEvidence")
          .text("certainty", evidence.certainty().label())
          .text("because", evidence.because())
          .endObject();
    }
  }

  @Override
  public void map(Handover handover, @Nullable PreservedMap map, @Nullable MapSummary summary) {
    json.object("preservedMap");
    if (map != null) {
      json.address("root", map.root());
    }
    json.text("state", handover.mapState().label());
    (handover.hasMap() ? Optional.<String>empty() : handover.taken())
        .or(handover::mapFault)
        .ifPresent(reason -> json.text("because", reason));
    if (map != null) {
      form(handover.mapEvidence());
    }
    if (summary != null) {
      json.number("nodes", summary.nodes())
          .number("preservations", summary.blocks().total())
          .number("bytes", summary.blocks().bytes());
      orders(summary.blocks());
    }
    json.endObject();
  }

  @Override
  public void scratch(Scratch scratch) {
    ScratchView.json(json, scratch);
  }

  private void form(MapEvidence evidence) {
    if (evidence.certainty() != MapEvidence.Certainty.ONLY) {
      json.text("form", evidence.form().id())
          .object("formEvidence")
          .text("certainty", evidence.certainty().label())
          .text("because", evidence.because())
          .endObject();
    }
  }

  private void orders(OrderCounts counts) {
    json.object("orders");
    counts.forEach((order, blockBytes, blocks) -> json.number(Integer.toString(order), blocks));
    json.endObject();
  }

  @Override
  public void beginSubtrees(List<Subtree> subtrees) {
    json.array("subtrees");
  }

  private void beginSubtree(Subtree subtree) {
    json.object()
        .text("name", subtree.name())
        .address("data", subtree.address())
        .unsigned("size", subtree.size());
  }

  @Override
  public void blob(Subtree subtree) {
    beginSubtree(subtree);
    json.endObject();
  }

  @Override
  public void metadata(Subtree subtree, Metadata metadata) {
    beginSubtree(subtree);
    json.object("metadata")
        .number("version", metadata.version())
        .text("previousRelease", metadata.previousRelease())
        .number("kexecCount", metadata.kexecCount())
        .endObject()
        .endObject();
  }

  @Override
  public void memblock(Subtree subtree, List<ReserveMem> reservations) {
    beginSubtree(subtree);
    json.array("reserveMem");
    for (ReserveMem reservation : reservations) {
      json.object()
          .text("name", reservation.name())
          .address("start", reservation.start())
          .number("size", reservation.size())
          .endObject();
    }
    json.endArray().endObject();
  }

  @Override
  public void khoTest(
      Subtree subtree, KhoTest test, WalkedArea foliosInfo, KhoTest.@Nullable Data data) {
    beginSubtree(subtree);
    json.object("khoTest").number("folios", test.folios());
    if (data != null) {
      json.number("bytes", data.bytes())
          .text("checksum", data.checksumMatches() ? "match" : "mismatch");
    }
    vmalloc("foliosInfo", foliosInfo);
    json.endObject().endObject();
  }

  private void vmalloc(String name, WalkedArea read) {
    PreservedArea area = read.area();
    json.object(name)
        .address("first", area.descriptor().first())
        .number("totalPages", area.descriptor().totalPages())
        .number("flags", area.descriptor().flags())
        .number("order", area.descriptor().order());
    if (read.chunks() != null) {
      json.number("chunks", read.chunks());
    }
    json.endObject();
  }

  @Override
  public void beginLiveUpdate(Subtree subtree, LiveUpdate luo) {
    beginSubtree(subtree);
    json.object("luo").text("compatible", luo.version().compatible());
    luo.features()
        .ifPresent(features ->
            json.object("features")
                .address("supported", features.supported())
                .address("required", features.required())
                .address("active", features.active())
                .endObject());
    json.unsigned("liveupdateNumber", luo.number()).array("sessions");
  }

  @Override
  public void beginSession(Session session, @Nullable FdStoreMapping systemd) {
    mapping = systemd;
    json.object().text("name", session.name()).array("files");
  }

  private void beginFile(PreservedFile file) {
    json.object().text("compatible", file.compatible()).unsigned("token", file.token());
  }

  @Override
  public void file(PreservedFile file, @Nullable DevelopmentState state) {
    beginFile(file);
    json.address("data", file.data());
    if (state != null) {
      json.text("development", state.toString());
    }
    json.endObject();
  }

  @Override
  public void memfd(
      PreservedFile file, Memfd memfd, WalkedArea foliosInfo, @Nullable Folios folios) {
    beginFile(file);
    json.object("memfd")
        .unsigned("size", memfd.size())
        .unsigned("position", memfd.position())
        .number("seals", memfd.seals())
        .number("folios", memfd.folioCount());
    if (folios != null) {
      orders(folios.orders());
      if (folios.absentBytes() > 0) {
        json.number("absentBytes", folios.absentBytes());
      }
    }
    vmalloc("foliosInfo", foliosInfo);
    json.endObject().endObject();
  }

  @Override
  public void endSession() {
    json.endArray();
    if (mapping != null) {
      systemd(mapping);
    }
    json.endObject();
  }

  private void systemd(FdStoreMapping systemd) {
    json.object("systemd").unsigned("version", systemd.version());
    systemd.kexecCount().ifPresent(count -> json.unsigned("kexecCount", count));
    json.array("units");
    String unit = null;
    for (Fd fd : systemd.fds()) {
      if (!fd.unit().equals(unit)) {
        if (unit != null) {
          json.endArray().endObject();
        }
        unit = fd.unit();
        json.object().text("unit", unit).array("fds");
      }
      json.object().text("name", fd.name());
      fd.token().ifPresent(token -> json.unsigned("token", token));
      json.text("session", fd.session().orElse(null)).endObject();
    }
    if (unit != null) {
      json.endArray().endObject();
    }
    json.endArray().endObject();
  }

  @Override
  public void endSessions() {
    json.endArray();
  }

  @Override
  public void flbs(
      @Nullable List<Flb> flbs, Map<String, DevelopmentState> states, boolean complete) {
    if (flbs == null) {
      return;
    }
    json.array("flbs");
    for (Flb flb : flbs) {
      json.object()
          .text("name", flb.name())
          .address("data", flb.data())
          .unsigned("count", flb.count());
      DevelopmentState state = states.get(flb.name());
      if (state != null) {
        json.text("development", state.toString());
      }
      json.endObject();
    }
    json.endArray();
  }

  @Override
  public void endLiveUpdate() {
    json.endObject().endObject();
  }

  @Override
  public void endSubtrees() {
    json.endArray();
    if (!parts.isEmpty()) {
      json.array("parts");
      new TreeMap<>(parts)
          .forEach(
              (name, support) -> ProfileFile.support(json.object().text("name", name), support));
      json.endArray();
    }
  }

  @Override
  public void beginRanges() {
    json.array("ranges");
  }

  @Override
  public void range(PreservedRange range) {
    json.object()
        .address("address", range.address())
        .number("bytes", range.bytes())
        .number("order", range.order());
    PreservedRange.Owner owner = range.owner();
    if (owner != null) {
      json.object("owner")
          .text("kind", owner.kind().label())
          .text("path", owner.where().toString())
          .endObject();
    }
    if (range.shared()) {
      json.flag("shared", true);
    }
    json.endObject();
  }

  @Override
  public void endRanges() {
    json.endArray();
  }

  @Override
  public void errors(Problems errors) {
    json.problems("errors", errors);
  }

  @Override
  public void absent(Problems absent) {
    json.problems("absent", absent);
  }

  @Override
  public void newer(Problems newer) {
    json.problems("newer", newer);
  }

  @Override
  public void endHandover() {
    json.endObject();
  }

  @Override
  public void end() throws IOException {
    json.endArray().endObject();
  }
}
