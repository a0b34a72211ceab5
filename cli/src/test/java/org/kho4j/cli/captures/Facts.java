package org.kho4j.cli.captures;

import static org.assertj.core.api.Assertions.assertThat;

import tools.jackson.databind.JsonNode;

/**
 * Compares an inspection with the facts beside a capture, which a decoder in another language
 * found. Theirs is on the right, in its own names; every one of them is compared, but {@code
 * flags}, {@code contiguous} and {@code sha256} of a memfd, which are of its content: {@link
 * MemfdContent}.
 */
public final class Facts {

  private Facts() {}

  /** Compares all of the handovers. */
  public static void compare(JsonNode ours, JsonNode theirs) {
    JsonNode source = ours.path("source");
    number(source, "pageSize", theirs.path("page_size").asLong(4096));
    if (source.path("kind").asString().equals("raw")) {
      number(source, "bytes", theirs.path("image_bytes").asLong());
    }
    int count = theirs.path("handovers").size();
    assertThat(ours.path("handovers")).hasSize(count);
    for (int i = 0; i < count; i++) {
      // Of two, the first is what the running kernel was given.
      boolean incoming = count == 2 && i == 0;
      handover(ours.path("handovers").path(i), theirs.path("handovers").path(i), incoming);
    }
  }

  private static void handover(JsonNode ours, JsonNode theirs, boolean incoming) {
    address(ours, "fdt", theirs, "fdt");
    number(ours, "totalSize", theirs, "totalsize");
    text(ours, "compatible", theirs, "compatible");
    assertThat(ours.path("role").asString()).isEqualTo(incoming ? "incoming" : "outgoing");
    map(ours.path("preservedMap"), theirs);
    assertThat(ours.path("subtrees")).hasSameSizeAs(theirs.path("subtrees"));
    int faults = theirs.path("map").has("error") ? 1 : 0;
    for (int i = 0; i < theirs.path("subtrees").size(); i++) {
      JsonNode subtree = theirs.path("subtrees").path(i);
      subtree(ours.path("subtrees").path(i), subtree, ours.path("errors"));
      faults += subtree.has("error") ? 1 : 0;
    }
    assertThat(ours.path("errors")).as("errors").hasSize(faults);
  }

  private static void map(JsonNode ours, JsonNode theirs) {
    address(ours, "root", theirs, "memory_map");
    JsonNode map = theirs.path("map");
    if (map.has("error")) {
      assertThat(ours.path("state").asString()).isEqualTo("consumed");
      return;
    }
    assertThat(ours.path("state").asString()).isEqualTo("intact");
    number(ours, "nodes", map, "nodes");
    number(ours, "preservations", map, "preservations");
    number(ours, "bytes", map, "bytes");
    assertThat(ours.path("orders")).isEqualTo(map.path("orders"));
  }

  private static void subtree(JsonNode ours, JsonNode theirs, JsonNode errors) {
    text(ours, "name", theirs, "name");
    address(ours, "data", theirs, "data");
    number(ours, "size", theirs, "size");
    if (theirs.has("error")) {
      String path = "/" + theirs.path("name").asString();
      assertThat(errors)
          .as("an error at %s", path)
          .anyMatch(error -> error.path("path").asString().startsWith(path));
    }
    if (theirs.has("reserve_mem")) {
      assertThat(ours.path("reserveMem")).hasSameSizeAs(theirs.path("reserve_mem"));
      for (int i = 0; i < theirs.path("reserve_mem").size(); i++) {
        JsonNode reservation = theirs.path("reserve_mem").path(i);
        text(ours.path("reserveMem").path(i), "name", reservation, "name");
        address(ours.path("reserveMem").path(i), "start", reservation, "start");
        number(ours.path("reserveMem").path(i), "size", reservation, "size");
      }
    }
    if (theirs.has("metadata")) {
      JsonNode metadata = theirs.path("metadata");
      number(ours.path("metadata"), "version", metadata, "version");
      text(ours.path("metadata"), "previousRelease", metadata, "previous_release");
      number(ours.path("metadata"), "kexecCount", metadata, "kexec_count");
    }
    if (theirs.has("kho_test")) {
      JsonNode test = theirs.path("kho_test");
      number(ours.path("khoTest"), "folios", test, "nr_folios");
      number(ours.path("khoTest"), "bytes", test, "bytes");
      assertThat(ours.path("khoTest").path("checksum").asString())
          .isEqualTo(test.path("csum_ok").asBoolean() ? "match" : "mismatch");
      vmalloc(ours.path("khoTest").path("foliosInfo"), test.path("folios_info"));
    }
    if (theirs.has("luo")) {
      luo(ours.path("luo"), theirs.path("luo"));
    }
  }

  private static void luo(JsonNode ours, JsonNode theirs) {
    text(ours, "compatible", theirs, "compatible");
    number(ours, "liveupdateNumber", theirs, "liveupdate_num");
    assertThat(ours.path("sessions")).hasSameSizeAs(theirs.path("sessions"));
    for (int i = 0; i < theirs.path("sessions").size(); i++) {
      JsonNode session = theirs.path("sessions").path(i);
      JsonNode files = ours.path("sessions").path(i).path("files");
      text(ours.path("sessions").path(i), "name", session, "name");
      assertThat(files).hasSize(session.path("count").asInt());
      assertThat(files).hasSameSizeAs(session.path("files"));
      for (int j = 0; j < files.size(); j++) {
        file(files.path(j), session.path("files").path(j));
      }
    }
    assertThat(ours.path("flbs")).hasSameSizeAs(theirs.path("flbs"));
    for (int i = 0; i < theirs.path("flbs").size(); i++) {
      text(ours.path("flbs").path(i), "name", theirs.path("flbs").path(i), "name");
      address(ours.path("flbs").path(i), "data", theirs.path("flbs").path(i), "data");
      number(ours.path("flbs").path(i), "count", theirs.path("flbs").path(i), "count");
    }
  }

  private static void file(JsonNode ours, JsonNode theirs) {
    text(ours, "compatible", theirs, "compatible");
    number(ours, "token", theirs, "token");
    number(ours.path("memfd"), "position", theirs, "pos");
    number(ours.path("memfd"), "size", theirs, "size");
    number(ours.path("memfd"), "seals", theirs, "seals");
    number(ours.path("memfd"), "folios", theirs, "nr_folios");
    assertThat(ours.path("memfd").path("orders")).isEqualTo(theirs.path("orders"));
    vmalloc(ours.path("memfd").path("foliosInfo"), theirs.path("folios"));
  }

  private static void vmalloc(JsonNode ours, JsonNode theirs) {
    address(ours, "first", theirs, "first");
    number(ours, "totalPages", theirs, "total_pages");
    number(ours, "totalPages", theirs, "pages");
    number(ours, "flags", theirs, "flags");
    number(ours, "order", theirs, "order");
    number(ours, "chunks", theirs, "chunks");
  }

  private static void text(JsonNode ours, String name, JsonNode theirs, String theirName) {
    assertThat(ours.path(name).asString()).as(name).isEqualTo(theirs.path(theirName).asString());
  }

  private static void number(JsonNode ours, String name, JsonNode theirs, String theirName) {
    assertThat(theirs.has(theirName)).as("theirs has %s", theirName).isTrue();
    number(ours, name, theirs.path(theirName).asLong());
  }

  private static void number(JsonNode ours, String name, long theirs) {
    assertThat(ours.path(name).asLong()).as(name).isEqualTo(theirs);
  }

  /** Theirs is a number of 64 bits without a sign. */
  private static void address(JsonNode ours, String name, JsonNode theirs, String theirName) {
    assertThat(ours.path(name).asString())
        .as(name)
        .isEqualTo("0x" + theirs.path(theirName).bigIntegerValue().toString(16));
  }
}
