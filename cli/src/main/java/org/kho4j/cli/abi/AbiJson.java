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

  /**
   * One version: an object with the schema and, under {@code version}, what {@link #all} says of
   * it.
   */
  public static void version(JsonGenerator out, ContractVersion version) {
    out.writeStartObject();
    out.writeStringProperty("schema", ContractDocument.SCHEMA);
    out.writeName("version");
    value(out, ContractDocument.version(version));
    out.writeEndObject();
  }

  /** One structure, likewise under {@code structure}. */
  public static void structure(JsonGenerator out, Structure structure) {
    out.writeStartObject();
    out.writeStringProperty("schema", ContractDocument.SCHEMA);
    out.writeName("structure");
    value(out, ContractDocument.structure(structure));
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
