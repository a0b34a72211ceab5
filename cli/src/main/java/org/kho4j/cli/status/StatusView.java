package org.kho4j.cli.status;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.preflight.host.DescriptorStore;
import org.kho4j.preflight.host.HostStatus;
import org.kho4j.preflight.host.HostStatus.Given;
import org.kho4j.preflight.host.HostStatus.Prepared;
import org.kho4j.preflight.host.HostStatus.Switch;
import org.kho4j.preflight.host.HostWarning;
import org.kho4j.preflight.host.LiveUpdateUse.Holder;
import org.kho4j.preflight.host.LiveUpdateUse.OpenSession;

/** Shows the status of a host. */
final class StatusView {

  /** Sessions that the screen has room for; JSON has all. */
  private static final int LISTED = 20;

  private final HostStatus host;
  private final List<HostWarning> warnings;

  StatusView(HostStatus host) {
    this.host = host;
    this.warnings = HostWarning.of(host);
  }

  List<HostWarning> warnings() {
    return warnings;
  }

  void text(Text text) throws IOException {
    row(text, "kernel", host.release().map(release -> "Linux " + release).orElse("unknown"));
    row(text, "KHO", words(host.kho()));
    row(text, "LUO", words(host.luo()));
    row(text, "given", given(host.given()));
    if (host.prepared().isPresent()) {
      row(text, "prepared", subtrees(host.prepared().get()));
      row(text, "scratch", scratch(host.prepared().get()));
    }
    if (host.kexecLoaded().isPresent()) {
      row(text, "kexec", host.kexecLoaded().get() ? "a kernel is loaded" : "no kernel is loaded");
    }
    if (host.luo().state() == HostStatus.State.ON) {
      use(text);
    }
    if (host.systemd().isPresent()) {
      row(
          text,
          "systemd",
          host.systemd().getAsInt() + " (systemd-analyze fdstore UNIT lists a store)");
      if (host.stores().isPresent()) {
        stores(text, host.stores().get());
      }
    }
    for (String note : host.notes()) {
      row(text, "not seen", note);
    }
    for (HostWarning warning : warnings) {
      text.line();
      text.put("warning: ").line(Units.printable(warning.sentence()));
      text.put("  do: ").line(warning.remedy());
    }
  }

  private void use(Text text) throws IOException {
    row(
        text,
        "device",
        host.use().holders().isEmpty()
            ? "no visible process has /dev/liveupdate open"
            : "/dev/liveupdate is open in " + HostWarning.names(host.use().holders()));
    List<OpenSession> sessions = host.use().sessions();
    String none = host.use().isComplete() ? "none is open" : "no visible process has one open";
    row(text, "sessions", sessions.isEmpty() ? none : Units.count(sessions.size()));
    for (OpenSession session : sessions.subList(0, Math.min(LISTED, sessions.size()))) {
      row(text, "", "\"%s\" in %s".formatted(session.name(), HostWarning.names(session.holders())));
    }
    more(text, sessions.size());
  }

  private static void stores(Text text, List<DescriptorStore> stores) throws IOException {
    row(
        text,
        "stores",
        stores.isEmpty() ? "systemd keeps no descriptor" : Units.count(stores.size()));
    for (DescriptorStore store : stores.subList(0, Math.min(LISTED, stores.size()))) {
      row(
          text,
          "",
          "%s, %s"
              .formatted(
                  store.unit(), Units.count(store.descriptors(), "descriptor", "descriptors")));
    }
    more(text, stores.size());
  }

  /** Writes a line about the entries that are not listed. */
  private static void more(Text text, int count) throws IOException {
    if (count > LISTED) {
      row(text, "", "and %s more (--json lists all)".formatted(Units.count(count - LISTED)));
    }
  }

  private static void row(Text text, String name, String value) throws IOException {
    text.line("%-10s%s".formatted(name, Units.printable(value)));
  }

  private static String words(Switch part) {
    String state =
        switch (part.state()) {
          case ON -> "on";
          case OFF -> "off";
          case MISSING -> "not in this kernel";
          case UNKNOWN -> "unknown";
        };
    return "%s: %s".formatted(state, part.because());
  }

  private static String given(Given given) {
    if (given.handedOver().isEmpty()) {
      return "unknown";
    }
    if (!given.handedOver().get()) {
      return "nothing: this kernel received no handover";
    }
    if (given.refused()) {
      return "a handover that this kernel did not accept";
    }
    StringBuilder words = new StringBuilder("a handover");
    given.version().ifPresent(version -> words.append(" of ").append(version));
    given
        .metadata()
        .ifPresent(metadata ->
            words
                .append(" by Linux ")
                .append(Units.orNoName(metadata.previousRelease()))
                .append(", kexec ")
                .append(metadata.kexecCount()));
    return words.toString();
  }

  private static String subtrees(Prepared prepared) {
    String names =
        prepared.subtrees().isEmpty() ? "no subtree" : String.join(", ", prepared.subtrees());
    return prepared.finalized().isEmpty()
        ? names
        : names + (prepared.finalized().get() ? ", finalized" : ", not finalized");
  }

  private String scratch(Prepared prepared) {
    if (prepared.scratch().isEmpty()) {
      return "unknown";
    }
    String share =
        host.memory().orElse(0) == 0
            ? ""
            : String.format(
                Locale.ROOT,
                ", %.1f %% of %s",
                100.0 * prepared.scratchBytes() / host.memory().getAsLong(),
                Units.size(host.memory().getAsLong()));
    long largest = prepared.scratch().stream().mapToLong(AddressRange::length).max().orElse(0);
    return "%s in %s%s; the largest has %s: the next kernel has to fit into one region, and so has its initrd"
        .formatted(
            Units.size(prepared.scratchBytes()),
            Units.count(prepared.scratch().size(), "region", "regions"),
            share,
            Units.size(largest));
  }

  void json(Json json) {
    json.document(Schema.STATUS).text("release", host.release().orElse(null));
    part(json, "kho", host.kho());
    part(json, "luo", host.luo());
    Given given = host.given();
    json.object("given");
    given.handedOver().ifPresent(handedOver -> json.flag("handedOver", handedOver));
    if (given.refused()) {
      json.flag("refused", true);
    }
    json.text("version", given.version().orElse(null));
    given
        .metadata()
        .ifPresent(metadata ->
            json.text("previousRelease", metadata.previousRelease())
                .number("kexecCount", metadata.kexecCount()));
    json.endObject();
    host.prepared().ifPresent(prepared -> prepared(json, prepared));
    json.number("memoryBytes", host.memory());
    host.kexecLoaded().ifPresent(loaded -> json.flag("kexecLoaded", loaded));
    json.array("device");
    holders(json, host.use().holders());
    json.endArray().array("sessions");
    for (OpenSession session : host.use().sessions()) {
      json.object().text("name", session.name()).array("processes");
      holders(json, session.holders());
      json.endArray().endObject();
    }
    json.endArray().number("systemd", host.systemd());
    host.stores().ifPresent(stores -> stores(json, stores));
    json.textsIfAny("notes", host.notes());
    json.array("warnings");
    for (HostWarning warning : warnings) {
      json.object()
          .text("message", warning.sentence())
          .text("remedy", warning.remedy())
          .endObject();
    }
    json.endArray().endObject();
  }

  private static void stores(Json json, List<DescriptorStore> stores) {
    json.array("stores");
    for (DescriptorStore store : stores) {
      json.object()
          .text("unit", store.unit())
          .number("descriptors", store.descriptors())
          .flag("preserved", store.isPreserved())
          .endObject();
    }
    json.endArray();
  }

  private static void part(Json json, String name, Switch part) {
    json.object(name)
        .text("state", part.state().name().toLowerCase(Locale.ROOT))
        .text("because", part.because())
        .endObject();
  }

  private static void prepared(Json json, Prepared prepared) {
    json.object("prepared").texts("subtrees", prepared.subtrees()).array("scratch");
    for (AddressRange region : prepared.scratch()) {
      json.object()
          .address("address", region.address())
          .number("size", region.length())
          .endObject();
    }
    json.endArray();
    prepared.finalized().ifPresent(finalized -> json.flag("finalized", finalized));
    json.endObject();
  }

  private static void holders(Json json, List<Holder> holders) {
    for (Holder holder : holders) {
      json.object().number("pid", holder.pid()).text("command", holder.command()).endObject();
    }
  }
}
