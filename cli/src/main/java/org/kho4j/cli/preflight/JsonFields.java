package org.kho4j.cli.preflight;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Numbers;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/** The members of a JSON object out of a file, each of the type that is asked for or a sentence. */
final class JsonFields {

  /** Profiles have 11 KB; an empty object is two characters here, and much more in the heap. */
  private static final int MAX_PROFILE_BYTES = 1 << 18;

  /** Documents of {@code kho inspect} have about 700 bytes for each session with a file. */
  private static final int MAX_BYTES = 16 << 20;

  /** An empty object is two, and takes some 70 bytes of heap. */
  private static final int MAX_TOKENS = 1 << 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(16)
                  .maxNumberLength(20)
                  .maxDocumentLength(MAX_BYTES)
                  .maxTokenCount(MAX_TOKENS)
                  .build())
          .build();

  private final String where;
  private final Map<String, Object> members;

  private JsonFields(String where, Map<String, Object> members) {
    this.where = where;
    this.members = members;
  }

  /** The object that a file consists of. */
  static JsonFields read(Path path) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(path)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    return read(path.toString(), bytes);
  }

  /** The object that some bytes consist of. */
  static JsonFields read(String name, byte[] bytes) throws IOException {
    if (bytes.length > MAX_BYTES) {
      throw new IOException(name + ": is larger than " + MAX_BYTES + " bytes");
    }
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), bytes)) {
      json.nextToken();
      Object root = value(json);
      if (json.nextToken() != null) {
        throw new IOException(name + ": has data after its end");
      }
      JsonFields fields = of(name, root);
      if (bytes.length > MAX_PROFILE_BYTES && !InspectDocument.isOne(fields)) {
        throw new IOException(name + ": is larger than " + MAX_PROFILE_BYTES + " bytes");
      }
      return fields;
    } catch (JacksonException e) {
      throw new IOException(
          "%s:%s not the JSON of a profile or of kho inspect"
              .formatted(name, place(e.getLocation())),
          e);
    }
  }

  private static String place(@Nullable TokenStreamLocation at) {
    return at == null || at.getLineNr() < 0
        ? ""
        : "%d:%d:".formatted(at.getLineNr(), at.getColumnNr());
  }

  private static Object value(JsonParser json) {
    if (json.currentToken() == JsonToken.START_OBJECT) {
      Map<String, Object> members = new LinkedHashMap<>();
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        json.nextToken();
        members.put(name, value(json));
      }
      return members;
    }
    if (json.currentToken() == JsonToken.START_ARRAY) {
      List<Object> elements = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        elements.add(value(json));
      }
      return elements;
    }
    return switch (json.currentToken()) {
      case VALUE_NUMBER_INT ->
          json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
              ? Optional.of(json.getString())
              : json.getLongValue();
      case VALUE_TRUE, VALUE_FALSE -> json.getBooleanValue();
      case VALUE_STRING -> json.getString();
      // A fraction, null or a number above 2^63, which no caller reads.
      case null, default -> Optional.ofNullable(json.getString());
    };
  }

  @SuppressWarnings("unchecked")
  private static JsonFields of(String where, @Nullable Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      return new JsonFields(where, (Map<String, Object>) map);
    }
    throw new IOException(where + ": is not an object");
  }

  Set<String> names() {
    return members.keySet();
  }

  boolean has(String name) {
    return members.containsKey(name);
  }

  String text(String name) throws IOException {
    if (members.get(name) instanceof String text) {
      return text;
    }
    throw wrong(name + " is not a string");
  }

  /** An address, which is text. */
  long address(String name) throws IOException {
    try {
      return Numbers.parse(text(name));
    } catch (TypeConversionException e) {
      throw wrong(name + ": " + e.getMessage());
    }
  }

  long number(String name) throws IOException {
    if (members.get(name) instanceof Long number) {
      return number;
    }
    throw wrong(name + " is not a whole number");
  }

  /** A number that is not negative. */
  long count(String name) throws IOException {
    long number = number(name);
    if (number < 0) {
      throw wrong(name + " is " + number + ", which is less than 0");
    }
    return number;
  }

  boolean flag(String name) throws IOException {
    if (members.get(name) instanceof Boolean flag) {
      return flag;
    }
    throw wrong(name + " is neither true nor false");
  }

  List<String> texts(String name) throws IOException {
    List<String> texts = new ArrayList<>();
    for (Object element : elements(name)) {
      if (!(element instanceof String text)) {
        throw wrong(name + " has an element that is not a string");
      }
      texts.add(text);
    }
    return texts;
  }

  JsonFields object(String name) throws IOException {
    return of(where + ": " + name, members.get(name));
  }

  List<JsonFields> objects(String name) throws IOException {
    List<JsonFields> objects = new ArrayList<>();
    for (Object element : elements(name)) {
      objects.add(of(where + ": " + name, element));
    }
    return objects;
  }

  private List<?> elements(String name) throws IOException {
    if (members.get(name) instanceof List<?> elements) {
      return elements;
    }
    throw wrong(name + " is not an array");
  }

  /** Reads an enum constant by its name in lower case. */
  <E extends Enum<E>> E oneOf(String name, E[] values) throws IOException {
    String text = text(name);
    for (E value : values) {
      if (value.name().toLowerCase(Locale.ROOT).equals(text)) {
        return value;
      }
    }
    List<String> labels =
        Stream.of(values).map(value -> value.name().toLowerCase(Locale.ROOT)).toList();
    throw wrong("%s is \"%s\", not one of %s".formatted(name, text, labels));
  }

  IOException wrong(String what) {
    return new IOException(where + ": " + what);
  }
}
