package org.kho4j.cli.author;

import java.io.IOException;
import org.kho4j.cli.author.Spec.Range;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.handover.Handover;
import org.kho4j.handover.root.Subtree;

/** The JSON of {@code kho4j/author/1}. */
final class AuthorJson {

  private AuthorJson() {}

  static void write(AuthoredImage outcome, Handover handover, Json json) throws IOException {
    Spec spec = outcome.spec();
    json.document(Schema.AUTHOR);
    json.object("ram")
        .text("path", outcome.ram().toString())
        .address("base", spec.memory().range().address())
        .number("bytes", spec.memory().range().length())
        .endObject();
    json.text("arch", spec.arch().label())
        .number("pageSize", spec.pageSize().bytes())
        .text("compatible", spec.layout().version().compatible())
        .address("fdt", outcome.boot().fdtAddress())
        .address("bootRecord", outcome.setupData())
        .text("deviceTree", outcome.deviceTree().map(Object::toString).orElse(null))
        .text("bootImage", outcome.bootImage().map(Object::toString).orElse(null));
    json.object("scratch")
        .address("address", outcome.boot().scratchAddress())
        .number("size", outcome.boot().scratchSize())
        .array("regions");
    for (Range region : spec.scratch()) {
      json.object()
          .address("address", region.range().address())
          .number("size", region.range().length())
          .endObject();
    }
    json.endArray().endObject();
    json.array("subtrees");
    for (Subtree subtree : handover.subtrees(error -> {})) {
      json.object()
          .text("name", subtree.name())
          .address("data", subtree.address())
          .number("size", subtree.size())
          .endObject();
    }
    json.endArray();
    json.object("structures");
    outcome.layout().addresses().forEach((path, address) -> json.address(path, address));
    json.endObject();
    json.array("notes");
    outcome.notes().forEach(json::text);
    json.endArray();
    json.endObject();
  }
}
