package org.kho4j.cli.diff;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.diff.Comparison.Change;
import org.kho4j.cli.diff.Comparison.Outcome;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;

/** The JSON of {@code kho4j/diff/1}. */
final class DiffJson {

  private final Json json;

  DiffJson(Json json) {
    this.json = json;
  }

  void show(DiffSide a, DiffSide b, Comparison comparison, boolean different) {
    json.document(Schema.DIFF);
    side("a", a);
    side("b", b);
    json.flag("different", different);
    json.object("counts");
    for (Outcome outcome : Outcome.values()) {
      json.number(outcome.label(), comparison.count(outcome));
    }
    json.endObject();
    parts(comparison);
    json.endObject();
  }

  private void side(String name, DiffSide side) {
    json.object(name)
        .text("path", side.path().toString())
        .address("fdt", side.handover().root().address())
        .text("role", side.handover().role().label())
        .problems("errors", side.problems());
    if (!side.absent().isEmpty()) {
      json.problems("absent", side.absent());
    }
    if (!side.uncompared().isEmpty()) {
      json.problems("notCompared", side.uncompared());
    }
    json.endObject();
  }

  private void parts(Comparison comparison) {
    if (!comparison.changes().isEmpty()) {
      json.array("changes");
      for (Change change : comparison.changes()) {
        json.object().text("name", change.name());
        value("a", change.before());
        value("b", change.after());
        json.endObject();
      }
      json.endArray();
    }
    List<Comparison> items = comparison.items();
    if (!items.isEmpty()) {
      json.array("items");
      items.forEach(this::item);
      json.endArray();
    }
  }

  private void item(Comparison comparison) {
    Item item = comparison.item();
    json.object().text("outcome", comparison.outcome().label()).text("kind", item.kind());
    if (!item.name().isEmpty()) {
      json.text("name", item.name());
    }
    json.object("facts");
    item.facts().forEach(fact -> value(fact.name(), fact.value()));
    json.endObject();
    parts(comparison);
    json.endObject();
  }

  private void value(String name, @Nullable Object value) {
    if (value instanceof Long number) {
      json.unsigned(name, number);
    } else if (value != null) {
      json.text(name, value.toString());
    }
  }
}
