package org.kho4j.cli.captures;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * The shape of {@code kho4j/inspect/1}: which members an object has, of which type, in which order;
 * a {@code ?} marks what may be absent. Nothing is ever null.
 */
public final class InspectShape {

  private static final String[] VMALLOC = {
    "first: address", "totalPages: number", "flags: number", "order: number", "chunks?: number"
  };

  private InspectShape() {}

  /** Checks a whole document. */
  public static void check(JsonNode document) {
    object(document, "schema: text", "source: object", "handovers: array");
    assertThat(document.path("schema").asString()).isEqualTo("kho4j/inspect/1");
    object(
        document.path("source"), "path: text", "kind: text", "bytes: number", "pageSize: number");
    assertThat(document.path("source").path("kind").asString()).isIn("raw", "elf", "kdump");
    document.path("handovers").forEach(InspectShape::handover);
  }

  private static void handover(JsonNode handover) {
    object(
        handover,
        "fdt: address",
        "totalSize: number",
        "compatible: text",
        "role: text",
        "pageSizeEvidence?: object",
        "preservedMap?: object",
        "scratch?: object",
        "subtrees?: array",
        "parts?: array",
        "ranges?: array",
        "errors: array",
        "moreErrors?: number",
        "absent?: array",
        "moreAbsent?: number");
    assertThat(handover.path("role").asString()).isIn("outgoing", "incoming", "unknown");
    if (handover.has("pageSizeEvidence")) {
      object(handover.path("pageSizeEvidence"), "certainty: text", "because: text");
    }
    if (handover.has("preservedMap")) {
      map(handover.path("preservedMap"));
    }
    if (handover.has("scratch")) {
      scratch(handover.path("scratch"));
    }
    handover.path("subtrees").forEach(InspectShape::subtree);
    handover
        .path("parts")
        .forEach(part ->
            object(
                part,
                "name: text",
                "state: text",
                "versions: array",
                "features?: object",
                "evidence: text"));
    handover.path("ranges").forEach(InspectShape::range);
    for (String problems : new String[] {"errors", "absent"}) {
      handover
          .path(problems)
          .forEach(part -> object(part, "path: text", "address: address", "message: text"));
    }
  }

  private static void range(JsonNode range) {
    object(
        range,
        "address: address",
        "bytes: number",
        "order: number",
        "owner?: object",
        "shared?: flag");
    if (range.has("owner")) {
      object(range.path("owner"), "kind: text", "path: text");
    }
  }

  private static void scratch(JsonNode scratch) {
    object(
        scratch, "bytes: number", "memoryBytes?: number", "bootRecord?: address", "regions: array");
    scratch.path("regions").forEach(region -> object(region, "address: address", "size: number"));
  }

  private static void map(JsonNode map) {
    if (map.has("formEvidence")) {
      object(map.path("formEvidence"), "certainty: text", "because: text");
    }
    if (map.path("state").asString().equals("not-finalized")) {
      object(map, "state: text");
      return;
    }
    if (map.path("state").asString().equals("consumed")) {
      object(
          map,
          "root: address",
          "state: text",
          "because: text",
          "form?: text",
          "formEvidence?: object");
      return;
    }
    if (map.path("state").asString().equals("absent") && !map.has("nodes")) {
      object(map, "root?: address", "state: text", "form?: text", "formEvidence?: object");
      return;
    }
    if (map.path("state").asString().equals("unreadable")) {
      object(
          map,
          "root?: address",
          "state: text",
          "because: text",
          "form?: text",
          "formEvidence?: object");
      return;
    }
    assertThat(map.path("state").asString()).isIn("intact", "damaged", "absent");
    object(
        map,
        "root: address",
        "state: text",
        map.path("state").asString().equals("damaged") ? "because: text" : "because?: text",
        "form?: text",
        "formEvidence?: object",
        "nodes: number",
        "preservations: number",
        "bytes: number",
        "orders: object");
    orders(map.path("orders"));
  }

  private static void orders(JsonNode orders) {
    orders
        .properties()
        .forEach(order -> {
          assertThat(order.getKey()).matches("[0-9]|[1-4][0-9]");
          assertThat(order.getValue().isIntegralNumber()).isTrue();
        });
  }

  private static void subtree(JsonNode subtree) {
    object(
        subtree,
        "name: text",
        "data: address",
        "size: number",
        "metadata?: object",
        "reserveMem?: array",
        "khoTest?: object",
        "luo?: object");
    if (subtree.has("metadata")) {
      object(
          subtree.path("metadata"),
          "version: number",
          "previousRelease: text",
          "kexecCount: number");
    }
    subtree
        .path("reserveMem")
        .forEach(entry -> object(entry, "name: text", "start: address", "size: number"));
    if (subtree.has("khoTest")) {
      JsonNode test = subtree.path("khoTest");
      object(test, "folios: number", "bytes?: number", "checksum?: text", "foliosInfo: object");
      object(test.path("foliosInfo"), VMALLOC);
    }
    if (subtree.has("luo")) {
      luo(subtree.path("luo"));
    }
  }

  private static void luo(JsonNode luo) {
    object(luo, "compatible: text", "liveupdateNumber: number", "sessions: array", "flbs?: array");
    luo.path("flbs").forEach(flb -> object(flb, "name: text", "data: address", "count: number"));
    for (JsonNode session : luo.path("sessions")) {
      object(session, "name: text", "files: array", "systemd?: object");
      if (session.has("systemd")) {
        systemd(session.path("systemd"));
      }
      for (JsonNode file : session.path("files")) {
        object(file, "compatible: text", "token: number", "data?: address", "memfd?: object");
        if (file.has("memfd")) {
          JsonNode memfd = file.path("memfd");
          object(
              memfd,
              "size: number",
              "position: number",
              "seals?: number",
              "folios: number",
              "orders?: object",
              "absentBytes?: number",
              "foliosInfo: object");
          orders(memfd.path("orders"));
          object(memfd.path("foliosInfo"), VMALLOC);
        }
      }
    }
  }

  private static void systemd(JsonNode systemd) {
    object(systemd, "version: number", "kexecCount?: number", "units: array");
    for (JsonNode unit : systemd.path("units")) {
      object(unit, "unit: text", "fds: array");
      unit.path("fds").forEach(fd -> object(fd, "name: text", "token?: number", "session?: text"));
    }
  }

  private static void object(JsonNode node, String... members) {
    assertThat(node.isObject()).as("an object: %s", node).isTrue();
    List<String> expected = new ArrayList<>();
    for (String member : members) {
      String name = member.replaceFirst("\\??: .*", "");
      if (!member.contains("?") || node.has(name)) {
        expected.add(name);
        assertType(node.path(name), name, member.replaceFirst(".*: ", ""));
      }
    }
    assertThat(node.propertyNames()).containsExactlyElementsOf(expected);
  }

  private static void assertType(JsonNode value, String name, String type) {
    boolean fits =
        switch (type) {
          case "text" -> value.isString();
          case "number" -> value.isIntegralNumber();
          case "address" -> value.isString() && value.asString().matches("0x(0|[1-9a-f][0-9a-f]*)");
          case "array" -> value.isArray();
          case "object" -> value.isObject();
          default -> throw new IllegalArgumentException(type);
        };
    assertThat(fits).as("%s is of type %s: %s", name, type, value).isTrue();
  }
}
