package org.kho4j.cli.abi;

import java.util.List;
import java.util.Map;
import org.kho4j.abi.ContractDocument;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.Structure;
import tools.jackson.core.JsonGenerator;

/** The contract as JSON: what a generator of decoders in another language reads. */
public final class AbiJson {

  private AbiJson() {}

  /** Everything: the same content as {@code docs/abi/abi.json}. */
  public static void all(JsonGenerator out) {
    value(out, ContractDocument.all());
  }

  /** Some versions: an object with the schema and a list of what {@link #all} says of each. */
  public static void versions(JsonGenerator out, List<ContractVersion> versions) {
    member(out, "versions", versions.stream().map(ContractDocument::version).toList());
  }

  /** Some structures, likewise. */
  public static void structures(JsonGenerator out, List<Structure> structures) {
    member(out, "structures", structures.stream().map(ContractDocument::structure).toList());
  }

  /** The releases alone. */
  public static void releases(JsonGenerator out) {
    member(out, "releases", ContractDocument.all().getOrDefault("releases", List.of()));
  }

  /** The limits alone. */
  public static void limits(JsonGenerator out) {
    member(out, "limits", ContractDocument.all().getOrDefault("limits", List.of()));
  }

  private static void member(JsonGenerator out, String name, Object value) {
    out.writeStartObject();
    out.writeStringProperty("schema", ContractDocument.SCHEMA);
    out.writeName(name);
    value(out, value);
    out.writeEndObject();
  }

  private static void value(JsonGenerator out, Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        out.writeStartObject();
        map.forEach((name, item) -> {
          out.writeName(name.toString());
          value(out, item);
        });
        out.writeEndObject();
      }
      case List<?> list -> {
        out.writeStartArray();
        list.forEach(item -> value(out, item));
        out.writeEndArray();
      }
      case Integer number -> out.writeNumber(number);
      case Long number -> out.writeNumber(number);
      case String text -> out.writeString(text);
      default ->
          throw new IllegalArgumentException("no JSON is known for " + value.getClass().getName());
    }
  }
}
