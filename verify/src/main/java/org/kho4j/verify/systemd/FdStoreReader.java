package org.kho4j.verify.systemd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.content.Content;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.systemd.FdStoreMapping.Fd;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/** Reads the mapping of systemd, as systemd does: only an invalid entry is skipped. */
public final class FdStoreReader {

  private static final int MAX_NESTING = 64;
  private static final int MAX_NAME = 4096;
  private static final int MAX_DIGITS = 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxNumberLength(MAX_DIGITS)
                  .maxStringLength(FdStoreMapping.MAX_BYTES)
                  .maxNameLength(MAX_NAME)
                  .build())
          .build();

  private final Where where;
  private final byte[] bytes;
  private final TreeMap<Long, Long> pieces = new TreeMap<>();
  private final List<Fd> fds = new ArrayList<>();
  private final List<HandoverException> skipped = new ArrayList<>();
  private long moreSkipped;
  private OptionalLong version = OptionalLong.empty();
  private OptionalLong kexecCount = OptionalLong.empty();

  private FdStoreReader(Where where, Content content, byte[] bytes) {
    this.where = where;
    this.bytes = bytes;
    content.forEachPiece((offset, address, length) -> pieces.put(offset, address));
  }

  /**
   * Reads the mapping of a handover; empty if the handover has no session of systemd.
   *
   * @throws HandoverException if the sessions or the mapping cannot be read
   */
  public static Optional<FdStoreMapping> in(LiveUpdate luo) {
    return luo.session(FdStoreMapping.SESSION)
        .filter(FdStoreMapping::isIn)
        .map(FdStoreReader::read);
  }

  /**
   * Reads the mapping of systemd's session.
   *
   * @throws HandoverException if there is none, or it cannot be read
   */
  public static FdStoreMapping read(Session session) {
    Content content =
        FdStoreMapping.content(session)
            .orElseThrow(() -> session.where().broken(session.address(), "no memfd has token 0"));
    return parse(FdStoreMapping.where(session), content);
  }

  /**
   * Reads the bytes of a mapping.
   *
   * @param where it is, for messages
   * @throws HandoverException if the bytes are more than {@value FdStoreMapping#MAX_BYTES}, cannot
   *     be read, or are not the JSON of a mapping
   */
  public static FdStoreMapping parse(Where where, Content content) {
    if (content.size() > FdStoreMapping.MAX_BYTES) {
      throw where.broken(
          content.firstAddress(),
          "the mapping has %,d bytes, more than %,d"
              .formatted(content.size(), FdStoreMapping.MAX_BYTES));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream((int) content.size());
    try {
      content.transferTo(Channels.newChannel(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new FdStoreReader(where, content, bytes.toByteArray()).parse();
  }

  private FdStoreMapping parse() {
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        throw notJson(i, "a byte 0");
      }
    }
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), bytes)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw notJson(0, "it does not begin with {");
      }
      root(json);
      if (json.nextToken() != null) {
        throw notJson(offset(json), "more behind the mapping's }");
      }
    } catch (StreamConstraintsException e) {
      throw notJson(
          offset(e),
          "more than %d levels, a name of more than %,d characters, or a number of more than %d digits"
              .formatted(MAX_NESTING, MAX_NAME, MAX_DIGITS));
    } catch (JacksonException e) {
      throw notJson(offset(e), "its form ends here");
    }
    long found = version.orElseThrow(() -> where.broken(address(0), "the mapping has no version"));
    return new FdStoreMapping(found, kexecCount, fds, skipped, moreSkipped);
  }

  private void root(JsonParser json) {
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String member = json.currentName();
      json.nextToken();
      switch (member) {
        case "version" ->
            version =
                OptionalLong.of(
                    number(json)
                        .orElseThrow(() -> broken(json, "version is no number below 2^64")));
        case "state" -> {
          requireObject(json, "state");
          state(json);
        }
        case "units" -> {
          requireObject(json, "units");
          units(json);
        }
        default -> json.skipChildren();
      }
    }
  }

  private void requireObject(JsonParser json, String name) {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw broken(json, name + " is no object");
    }
  }

  /** Reads the state: systemd 261 writes kexecsCount, 262 KExecCount. */
  private void state(JsonParser json) {
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String member = json.currentName();
      json.nextToken();
      if (member.equals("KExecCount") || member.equals("kexecsCount")) {
        kexecCount = number(json);
      }
      json.skipChildren();
    }
  }

  private void units(JsonParser json) {
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String unit = json.currentName();
      long at = offset(json);
      boolean hasStore = false;
      if (json.nextToken() == JsonToken.START_OBJECT) {
        while (json.nextToken() != JsonToken.END_OBJECT) {
          boolean isStore = json.currentName().equals("fdstore");
          boolean isArray = json.nextToken() == JsonToken.START_ARRAY;
          if (isStore && isArray) {
            hasStore = true;
            store(json, unit);
          } else {
            json.skipChildren();
          }
        }
      } else {
        json.skipChildren();
      }
      if (!hasStore) {
        skip(where.named("unit", unit), at, "the unit has no array fdstore");
      }
    }
  }

  private void store(JsonParser json, String unit) {
    while (json.nextToken() != JsonToken.END_ARRAY) {
      long at = offset(json);
      if (json.currentToken() == JsonToken.START_OBJECT) {
        entry(json, unit, at);
      } else {
        json.skipChildren();
        skip(where.named("unit", unit), at, "an entry of fdstore is no object");
      }
    }
  }

  private void entry(JsonParser json, String unit, long at) {
    @Nullable String type = null;
    @Nullable String name = null;
    @Nullable String session = null;
    OptionalLong token = OptionalLong.empty();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String member = json.currentName();
      json.nextToken();
      switch (member) {
        case "type" -> type = text(json);
        case "name" -> name = text(json);
        case "sessionName" -> session = text(json);
        case "token" -> token = number(json);
        default -> {}
      }
      json.skipChildren();
    }
    Where place = where.named("unit", unit);
    if (type == null || name == null) {
      skip(place, at, "an entry has no type, or no name");
      return;
    }
    place = place.named("fd", name);
    switch (type) {
      case "fd" -> {
        if (token.isEmpty() || token.getAsLong() == FdStoreMapping.TOKEN) {
          skip(
              place,
              at,
              token.isEmpty()
                  ? "there is no token, or it is no number below 2^64"
                  : "token 0 is the mapping's own");
          return;
        }
        fds.add(new Fd(unit, name, token, Optional.empty(), address(at)));
      }
      case "luo_session" -> {
        if (session == null) {
          skip(place, at, "there is no sessionName");
          return;
        }
        fds.add(new Fd(unit, name, OptionalLong.empty(), Optional.of(session), address(at)));
      }
      default -> skip(place, at, "the type is \"%s\", neither fd nor luo_session".formatted(type));
    }
  }

  private static @Nullable String text(JsonParser json) {
    return json.currentToken() == JsonToken.VALUE_STRING ? json.getString() : null;
  }

  /** Reads an unsigned number of 64 bits. */
  private static OptionalLong number(JsonParser json) {
    if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      return OptionalLong.empty();
    }
    BigInteger number = new BigInteger(json.getString());
    return number.signum() < 0 || number.bitLength() > Long.SIZE
        ? OptionalLong.empty()
        : OptionalLong.of(number.longValue());
  }

  private void skip(Where place, long offset, String why) {
    if (skipped.size() < FdStoreMapping.MAX_SKIPPED) {
      skipped.add(place.broken(address(offset), why));
    } else {
      moreSkipped++;
    }
  }

  private HandoverException broken(JsonParser json, String why) {
    return where.broken(address(offset(json)), why);
  }

  private HandoverException notJson(long offset, String why) {
    return where.broken(
        address(offset), "the mapping is not JSON at offset 0x%x: %s".formatted(offset, why));
  }

  private static long offset(JacksonException e) {
    TokenStreamLocation at = e.getLocation();
    return at == null ? 0 : Math.clamp(at.getByteOffset(), 0, Long.MAX_VALUE);
  }

  private static long offset(JsonParser json) {
    return json.currentTokenLocation().getByteOffset();
  }

  private long address(long offset) {
    Map.Entry<Long, Long> piece = pieces.floorEntry(offset);
    return piece == null ? 0 : piece.getValue() + offset - piece.getKey();
  }
}
