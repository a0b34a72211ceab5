package org.kho4j.cli.output;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.wire.KhoException;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;

/**
 * Machine output, streamed: addresses are strings {@code "0x…"}, counts and sizes are numbers, and
 * what is unknown is left out instead of being null. Every member method does nothing when its
 * value is null or empty.
 */
public final class Json implements AutoCloseable {

  private static final DefaultIndenter TWO_SPACES = new DefaultIndenter("  ", "\n");

  // ASCII only: names out of dumps reach terminals this way too. A truncated document stays
  // invalid, so that no reader takes it for a whole document.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT)
          .build();

  private final Target out;
  private final JsonGenerator json;

  /** JSON on a stream, which is flushed at the end and left open. */
  public Json(OutputStream out) {
    this.out = new Target(out);
    this.json = FACTORY.createGenerator(new Indented(), this.out, JsonEncoding.UTF8);
  }

  /** Begins an object: the whole document, or an element of an array. */
  public Json object() {
    json.writeStartObject();
    return this;
  }

  /** Begins a document of a form. */
  public Json document(Schema schema) {
    return object().text("schema", schema.id());
  }

  /** Begins an object as a member. */
  public Json object(String name) {
    json.writeName(name);
    return object();
  }

  public Json endObject() {
    json.writeEndObject();
    return this;
  }

  /** Begins an array: the whole document, or an element of an array. */
  public Json array() {
    json.writeStartArray();
    return this;
  }

  /** Begins an array as a member. */
  public Json array(String name) {
    json.writeName(name);
    return array();
  }

  public Json endArray() {
    json.writeEndArray();
    return this;
  }

  /** A string as an element of an array. */
  public Json text(String value) {
    json.writeString(value);
    return this;
  }

  /** A number as an element of an array. */
  public Json number(long value) {
    json.writeNumber(value);
    return this;
  }

  /** An array of texts. */
  public Json texts(String name, List<String> values) {
    array(name);
    values.forEach(this::text);
    return endArray();
  }

  /** An array of what could not be read, each with its place. */
  public Json problems(String name, List<? extends KhoException> problems) {
    array(name);
    for (KhoException problem : problems) {
      object()
          .text("path", problem.path())
          .address("address", problem.address())
          .text("message", problem.problem())
          .endObject();
    }
    return endArray();
  }

  /** The same of the first ones; how many more there are is a number beside the array, if any. */
  public Json problems(String name, Problems problems) {
    problems(name, problems.first());
    return problems.more() == 0
        ? this
        : number(
            "more" + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1),
            problems.more());
  }

  /** An array of texts; absent where there are none. */
  public Json textsIfAny(String name, List<String> values) {
    return values.isEmpty() ? this : texts(name, values);
  }

  public Json text(String name, @Nullable String value) {
    if (value != null) {
      json.writeName(name);
      json.writeString(value);
    }
    return this;
  }

  public Json number(String name, long value) {
    json.writeName(name);
    json.writeNumber(value);
    return this;
  }

  /** A number of 64 bits without a sign. */
  public Json unsigned(String name, long value) {
    json.writeName(name);
    if (value >= 0) {
      json.writeNumber(value);
    } else {
      json.writeNumber(new BigInteger(Long.toUnsignedString(value)));
    }
    return this;
  }

  public Json number(String name, OptionalLong value) {
    return value.isPresent() ? number(name, value.getAsLong()) : this;
  }

  public Json number(String name, OptionalInt value) {
    return value.isPresent() ? number(name, value.getAsInt()) : this;
  }

  public Json flag(String name, boolean value) {
    json.writeName(name);
    json.writeBoolean(value);
    return this;
  }

  public Json address(String name, long address) {
    return text(name, Units.address(address));
  }

  public Json address(String name, OptionalLong address) {
    return address.isPresent() ? address(name, address.getAsLong()) : this;
  }

  /** For what has its own way of writing itself. */
  public JsonGenerator generator() {
    return json;
  }

  /**
   * Ends the document. Nothing is written of a document that a failure broke off before any of it
   * was.
   */
  @Override
  public void close() throws IOException {
    if (!json.streamWriteContext().inRoot() && !out.begun) {
      return;
    }
    json.close();
    out.write('\n');
    out.flush();
  }

  /** Knows whether any byte was written. */
  private static final class Target extends FilterOutputStream {
    private boolean begun;

    Target(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int value) throws IOException {
      begun = true;
      out.write(value);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      begun = true;
      out.write(bytes, offset, length);
    }
  }

  /** Hands the generator its layout: an indented one, with a newline after every member. */
  private static final class Indented extends ObjectWriteContext.Base {
    @Override
    public PrettyPrinter getPrettyPrinter() {
      return new DefaultPrettyPrinter()
          .withArrayIndenter(TWO_SPACES)
          .withObjectIndenter(TWO_SPACES);
    }

    @Override
    public boolean hasPrettyPrinter() {
      return true;
    }
  }
}
