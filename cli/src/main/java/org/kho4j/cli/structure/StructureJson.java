package org.kho4j.cli.structure;

import java.util.HexFormat;
import org.kho4j.abi.Field;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.handover.Handover;

/** The JSON of {@code kho4j/show/1}. */
final class StructureJson {

  private final Json json;

  StructureJson(Json json) {
    this.json = json;
  }

  void begin(Handover handover) {
    json.document(Schema.SHOW)
        .text("source", handover.memory().physical().source().path().toString());
    json.object("handover")
        .address("fdt", handover.root().address())
        .text("role", handover.role().label())
        .endObject();
    json.array("structures");
  }

  void path(String path, String name, long address) {
    json.object()
        .text("path", path)
        .text("structure", name)
        .address("address", address)
        .endObject();
  }

  void end() {
    json.endArray().endObject();
  }

  void show(Handover handover, StructureSearch search, PointerNames names) {
    begin(handover);
    search.found().forEach(structure -> show(structure, names));
    json.endArray();
    if (search.more() > 0) {
      json.number("moreStructures", search.more());
    }
    json.endObject();
  }

  private void show(ShownStructure structure, PointerNames names) {
    json.object()
        .text("path", structure.path())
        .text("structure", structure.name())
        .address("address", structure.address())
        .number("bytes", structure.bytes())
        .array("fields");
    for (FieldRow row : structure.rows()) {
      json.object().text("name", row.name()).text("type", row.type());
      if (row.offset() >= 0) {
        json.number("offset", row.offset());
      }
      json.number("size", row.bytes().length)
          .text("bytes", HexFormat.of().formatHex(row.bytes()))
          .text("text", row.text());
      if (row.number().isPresent()) {
        long number = row.number().getAsLong();
        if (row.isAddress()) {
          json.address("value", number);
        } else {
          json.unsigned("value", number);
        }
      }
      if (!row.bits().isEmpty()) {
        json.object("bits");
        for (Field.Bits bits : row.bits()) {
          json.unsigned(bits.name(), row.value(bits));
        }
        json.endObject();
      }
      json.textsIfAny("leadsTo", names.of(row)).endObject();
    }
    json.endArray();
    if (structure.moreElements() > 0) {
      json.number("moreElements", structure.moreElements());
    }
    json.endObject();
  }
}
