package org.kho4j.cli.structure;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.handover.Handover;
import org.kho4j.memory.PhysicalMemory;

/** The JSON of {@code kho4j/who/1}. */
final class WhoJson {

  private final Json json;

  WhoJson(Json json) {
    this.json = json;
  }

  void show(
      PhysicalMemory memory, Set<Long> addresses, Map<Handover, Collection<OwnedAddress>> found) {
    json.document(Schema.WHO).text("source", memory.source().path().toString()).array("addresses");
    for (long address : addresses) {
      json.object()
          .address("address", address)
          .flag("ram", memory.isRam(address, 1))
          .flag("inSource", memory.contains(address, 1))
          .array("handovers");
      found.forEach((handover, owned) ->
          owned.stream()
              .filter(one -> one.address() == address)
              .forEach(one -> show(handover, one)));
      json.endArray().endObject();
    }
    json.endArray().endObject();
  }

  private void show(Handover handover, OwnedAddress here) {
    json.object()
        .address("fdt", handover.root().address())
        .text("role", handover.role().label())
        .text("taken", handover.taken().orElse(null));
    if (handover.taken().isEmpty()) {
      if (here.preservedUnknownBecause() == null) {
        json.flag("preserved", !here.blocks().isEmpty());
      } else {
        json.text("preservedUnknown", here.preservedUnknownBecause());
      }
      json.array("blocks");
      for (OwnedAddress.Block block : here.blocks()) {
        json.object()
            .address("address", block.address())
            .number("order", block.order())
            .number("bytes", handover.pageSize().blockBytes(block.order()))
            .endObject();
      }
      json.endArray().array("owners");
      here.owners().forEach(this::owner);
      json.endArray();
      if (here.moreOwners() > 0) {
        json.number("moreOwners", here.moreOwners());
      }
      json.array("structures");
      here.structures().forEach(this::inside);
      json.endArray();
      if (here.scratch() != null) {
        json.object("scratch")
            .address("address", here.scratch().address())
            .number("size", here.scratch().length())
            .endObject();
      }
    }
    json.endObject();
  }

  private void owner(OwnedAddress.Owner owner) {
    json.object()
        .text("kind", owner.kind().label())
        .text("path", owner.where().toString())
        .number("offset", owner.offset())
        .text("outside", owner.outside())
        .text("offsetUnknown", owner.offsetUnknown());
    if (owner.session() != null) {
      json.text("session", owner.session()).unsigned("token", owner.token());
    }
    json.endObject();
  }

  private void inside(OwnedAddress.Inside inside) {
    json.object()
        .text("structure", inside.structure())
        .text("path", inside.where().toString())
        .address("address", inside.address());
    FieldAt field = inside.field();
    if (field != null) {
      json.text("field", field.name()).number("fieldOffset", field.offset());
    }
    json.endObject();
  }
}
