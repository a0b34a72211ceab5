package org.kho4j.cli.author;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/**
 * Reads the JSON of a spec, with comments and trailing commas. Binding it to records would lose
 * where each value stands, which is what a message about a contradiction needs most.
 */
final class SpecParser {

  /** A spec has no bulk data: that is in files that it names. */
  private static final long MAX_BYTES = 16 << 20;

  private static final int MAX_NESTING = 32;
  private static final int MAX_DIGITS = 32;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS)
          .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxNumberLength(MAX_DIGITS)
                  .maxStringLength((int) MAX_BYTES)
                  .maxDocumentLength(MAX_BYTES)
                  .build())
          .build();

  private final String file;
  private final JsonParser json;

  private SpecParser(String file, JsonParser json) {
    this.file = file;
    this.json = json;
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it cannot be read
   * @throws SpecException if it is not JSON
   */
  static SpecValue parse(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new SpecException(path + ": is a directory, not a spec");
    }
    byte[] bytes;
    try (var in = Files.newInputStream(path)) {
      bytes = in.readNBytes((int) MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new SpecException("%s: is larger than %d bytes".formatted(path, MAX_BYTES));
    }
    try {
      return parse(
          path.toString(),
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw new SpecException(path + ": is not text in UTF-8");
    }
  }

  /**
   * Reads a text.
   *
   * @param file its name, for messages
   */
  static SpecValue parse(String file, String text) {
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), text)) {
      SpecParser parser = new SpecParser(file, json);
      if (json.nextToken() == null) {
        throw new SpecException(file + ": is empty");
      }
      SpecValue value = parser.value(parser.place(json.currentTokenLocation()));
      if (json.nextToken() != null) {
        throw parser.place(json.currentTokenLocation()).broken("unexpected end of the spec");
      }
      return value;
    } catch (StreamConstraintsException e) {
      throw malformed(
          file,
          e.getLocation(),
          "more than %d levels of { and [, or a number of more than %d digits"
              .formatted(MAX_NESTING, MAX_DIGITS));
    } catch (JacksonException e) {
      throw malformed(file, e.getLocation(), notJson(text, e.getLocation()));
    }
  }

  private static SpecException malformed(
      String file, @Nullable TokenStreamLocation at, String sentence) {
    return new SpecException(
        at == null || at.getLineNr() < 0
            ? "%s: %s".formatted(file, sentence)
            : "%s:%d:%d: %s".formatted(file, at.getLineNr(), at.getColumnNr(), sentence));
  }

  /**
   * Describes the text at which the JSON is invalid: the parser's own message describes its states.
   */
  private static String notJson(String text, @Nullable TokenStreamLocation at) {
    long offset = at == null ? -1 : at.getCharOffset();
    if (offset >= text.stripTrailing().length()) {
      return "the spec ends inside a value; a } or ] is missing";
    }
    if (offset < 0) {
      return "this is not JSON";
    }
    String line = text.substring((int) offset).lines().findFirst().orElse("").strip();
    return "this is not JSON from here on: " + line.substring(0, Math.min(40, line.length()));
  }

  private SpecPlace place(TokenStreamLocation location) {
    return new SpecPlace(file, "", location.getLineNr(), location.getColumnNr());
  }

  private SpecValue value(SpecPlace place) {
    JsonToken token = json.currentToken();
    return switch (token) {
      case START_OBJECT -> object(place);
      case START_ARRAY -> array(place);
      case VALUE_STRING -> new SpecValue.Text(place, text(place));
      case VALUE_NUMBER_INT -> new SpecValue.Whole(place, new BigInteger(json.getString()));
      default -> new SpecValue.Other(place, String.valueOf(json.getString()));
    };
  }

  private String text(SpecPlace place) {
    String text = json.getString();
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw place.broken("has half of a surrogate pair, which is no character in UTF-8");
    }
    return text;
  }

  private SpecValue object(SpecPlace place) {
    Map<String, SpecValue> members = new LinkedHashMap<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      TokenStreamLocation at = json.currentTokenLocation();
      SpecPlace member = place.member(name, at.getLineNr(), at.getColumnNr());
      json.nextToken();
      SpecValue first = members.putIfAbsent(name, value(member));
      if (first != null) {
        throw member.broken("is there twice, first in line " + first.place().line());
      }
    }
    return new SpecValue.Members(place, members);
  }

  private SpecValue array(SpecPlace place) {
    List<SpecValue> elements = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      TokenStreamLocation at = json.currentTokenLocation();
      elements.add(value(place.element(elements.size(), at.getLineNr(), at.getColumnNr())));
    }
    return new SpecValue.Elements(place, elements);
  }
}
