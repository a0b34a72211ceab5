package org.kho4j.cli.author;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Contract;
import org.kho4j.abi.Field;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.LuoSession;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdFolio;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Releases;
import org.kho4j.cli.author.LuoSpec.FileSpec;
import org.kho4j.cli.author.LuoSpec.FlbSpec;
import org.kho4j.cli.author.LuoSpec.MemfdSpec;
import org.kho4j.cli.author.LuoSpec.PlainFile;
import org.kho4j.cli.author.LuoSpec.SessionSpec;
import org.kho4j.cli.author.LuoSpec.Slot;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.memfd.MemfdSaver.Piece;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;

/** Reads the state of LUO in a spec. */
final class LuoReader {

  private static final String SEAL = "F_SEAL_";

  /** The seals by the names that they have in specs, as in "future-write". */
  private static final Map<String, Integer> SEALS =
      MemfdSer.SEALS.bits().stream()
          .collect(
              Collectors.toMap(
                  bits ->
                      bits.name()
                          .substring(SEAL.length())
                          .toLowerCase(Locale.ROOT)
                          .replace('_', '-'),
                  bits -> 1 << bits.low()));

  private static final Map<String, Integer> FLAGS =
      Map.of("dirty", (int) MemfdFolio.FLAG_DIRTY, "uptodate", (int) MemfdFolio.FLAG_UPTODATE);

  private final PageSize pageSize;
  private final AddressRange memory;
  private final ContentReader contents;
  private final KhoVersion root;
  private int folios;

  LuoReader(PageSize pageSize, AddressRange memory, ContentReader contents, KhoVersion root) {
    this.pageSize = pageSize;
    this.memory = memory;
    this.contents = contents;
    this.root = root;
  }

  LuoSpec read(SpecPlace place, SpecValue value) {
    SpecObject object =
        SpecObject.of(value, List.of("abi", "liveupdateNumber", "sessions", "flbs"));
    LuoVersion version =
        object
            .optional("abi")
            .map(LuoReader::version)
            .orElseGet(() -> newest(LuoVersion.ALL, LuoVersion::releases, LuoVersion.V1));
    if (root.sizeProperty() == null && version.head() == LuoVersion.Head.STRUCTURE) {
      throw object
          .optional("abi")
          .orElse(value)
          .broken("%s is a structure, but the blobs of %s are device trees", version, root);
    }
    List<SessionSpec> sessions = new ArrayList<>();
    Map<String, SpecPlace> names = new HashMap<>();
    for (SpecValue element : object.elements("sessions")) {
      SessionSpec session = session(element);
      session.requireUnique(names, session.name(), "a session \"" + session.name() + "\"");
      sessions.add(session);
    }
    return new LuoSpec(
        place,
        version,
        object.number("liveupdateNumber").orElse(1),
        sessions,
        flbs(object, version));
  }

  private static LuoVersion version(SpecValue value) {
    return Stream.concat(LuoVersion.ALL.reversed().stream(), LuoVersion.DEVELOPMENT.stream())
        .filter(version -> List.of(version.id(), version.compatible()).contains(value.text()))
        .findFirst()
        .orElseThrow(() -> unknown(value, LuoVersion.ALL));
  }

  private static SpecException unknown(SpecValue value, List<?> known) {
    return value.broken(
        "\"%s\" is none of %s",
        value.text(), known.stream().map(Object::toString).collect(Collectors.joining(", ")));
  }

  /** The newest version that a kernel writes together with the spec's root FDT. */
  private <T> T newest(List<T> versions, Function<T, Releases> releases, T otherwise) {
    return versions.reversed().stream()
        .filter(version ->
            Contract.RELEASES.stream()
                .anyMatch(release ->
                    root.releases().includes(release) && releases.apply(version).includes(release)))
        .findFirst()
        .orElse(otherwise);
  }

  private List<FlbSpec> flbs(SpecObject object, LuoVersion version) {
    List<FlbSpec> flbs = new ArrayList<>();
    Map<String, SpecPlace> names = new HashMap<>();
    for (SpecValue element : object.elements("flbs")) {
      SpecObject flb = SpecObject.of(element, List.of("name", "data", "count"));
      String name = text(flb.required("name"), LuoFlb.NAME);
      flb.requireUnique(names, name, "an FLB \"" + name + "\"");
      flbs.add(
          new FlbSpec(
              flb.place(),
              name,
              flb.optional("data").map(SpecValue::word).orElse(0L),
              flb.number("count").orElse(1)));
    }
    int most = version.flbs() ? LuoFlb.HEADER.capacity(pageSize) : 0;
    if (flbs.size() > most) {
      throw object
          .required("flbs")
          .broken("%d FLBs, but %s has room for %d", flbs.size(), version, most);
    }
    return flbs;
  }

  private static String text(SpecValue value, Field field) {
    String text = value.text();
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0 || bytes >= field.size() || text.indexOf('\0') >= 0) {
      throw value.broken(
          "\"%s\" has %d bytes; 1 to %d bytes without a NUL are allowed",
          text, bytes, field.size() - 1);
    }
    return text;
  }

  private SessionSpec session(SpecValue value) {
    SpecObject object = SpecObject.of(value, List.of("name", "files"));
    List<FileSpec> files = new ArrayList<>();
    Map<Long, SpecPlace> tokens = new HashMap<>();
    for (SpecValue element : object.elements("files")) {
      FileSpec file = file(element);
      file.requireUnique(tokens, file.token(), "a file 0x" + Long.toHexString(file.token()));
      files.add(file);
    }
    return new SessionSpec(object.place(), text(object.required("name"), LuoSession.NAME), files);
  }

  private FileSpec file(SpecValue value) {
    SpecObject object = SpecObject.of(value, List.of("token", "memfd", "handler", "data"));
    SpecValue kind = object.oneOf(List.of("memfd", "handler"));
    long token = object.required("token").word();
    if (object.has("handler")) {
      return new PlainFile(
          object.place(),
          token,
          text(kind, LuoFile.COMPATIBLE),
          object.optional("data").map(SpecValue::word).orElse(0L));
    }
    object
        .optional("data")
        .ifPresent(data -> {
          throw data.broken("goes with \"handler\", not with \"memfd\"");
        });
    return memfd(object.place(), token, kind);
  }

  private MemfdSpec memfd(SpecPlace place, long token, SpecValue value) {
    SpecObject object =
        SpecObject.of(
            value,
            ContentReader.withKeys("abi", "size", "position", "seals", "flags", "orders", "holes"));
    MemfdVersion version =
        object
            .optional("abi")
            .map(LuoReader::memfdVersion)
            .orElseGet(() -> newest(MemfdVersion.ALL, MemfdVersion::releases, MemfdVersion.V1));
    Fill content = contents.read(object);
    long size =
        object
            .optional("size")
            .map(given -> given.number(0, memory.length()))
            .orElseGet(() ->
                content
                    .size()
                    .orElseThrow(() ->
                        object.broken("\"size\" is missing: the content does not determine it")));
    ContentReader.requireRoom(object, content, size);
    return new MemfdSpec(
        place,
        token,
        version,
        size,
        object.number("position").orElse(0),
        object.optional("seals").map(seals -> seals(seals, version)).orElse(0),
        object.optional("flags").map(LuoReader::flags).orElse(Piece.DIRTY_AND_UPTODATE),
        slots(object, size),
        content);
  }

  private static MemfdVersion memfdVersion(SpecValue value) {
    return MemfdVersion.of(value.text()).orElseThrow(() -> unknown(value, MemfdVersion.ALL));
  }

  private static int seals(SpecValue value, MemfdVersion version) {
    int seals = bits(value, SEALS);
    if (seals != 0 && !version.fields().has(MemfdSer.SEALS)) {
      throw value.broken(version + " keeps no seals");
    }
    return seals;
  }

  private static int flags(SpecValue value) {
    return bits(value, FLAGS);
  }

  private static int bits(SpecValue value, Map<String, Integer> names) {
    int bits = 0;
    Set<String> seen = new HashSet<>();
    for (SpecValue element : value.elements()) {
      Integer bit = names.get(element.text());
      if (bit == null) {
        throw unknown(element, names.keySet().stream().sorted().toList());
      }
      if (!seen.add(element.text())) {
        throw element.broken("\"%s\" is there twice", element.text());
      }
      bits |= bit;
    }
    return bits;
  }

  /** The folios: as large as the next order says, or as alignment, hole and end let them be. */
  private List<Slot> slots(SpecObject object, long size) {
    List<Integer> orders = new ArrayList<>();
    for (SpecValue element : object.elements("orders")) {
      orders.add((int) element.number(0, PageAllocator.MAX_ORDER));
    }
    if (orders.isEmpty()) {
      orders.add(0);
    }
    long pages = Math.ceilDiv(size, pageSize.bytes());
    List<Slot> slots = new ArrayList<>();
    long index = 0;
    for (AddressRange hole : holes(object, pages)) {
      fill(slots, orders, index, hole.address(), object);
      index = hole.end();
    }
    fill(slots, orders, index, pages, object);
    if (slots.isEmpty() && size > 0) {
      throw object
          .required("holes")
          .broken("the file has no folios: a kernel expects folios if the size is not 0");
    }
    folios += slots.size();
    return slots;
  }

  private void fill(List<Slot> slots, List<Integer> orders, long from, long to, SpecObject object) {
    long index = from;
    while (index < to) {
      if (folios + slots.size() == SubtreeReader.MAX_FOLIOS) {
        throw object.broken("more than %s folios", Units.count(SubtreeReader.MAX_FOLIOS));
      }
      int fits = 63 - Long.numberOfLeadingZeros(to - index);
      int order =
          Math.min(
              orders.get(slots.size() % orders.size()),
              Math.min(fits, Long.numberOfTrailingZeros(index)));
      slots.add(new Slot(index, order));
      index += 1L << order;
    }
  }

  /** The holes, in pages. */
  private List<AddressRange> holes(SpecObject object, long pages) {
    List<AddressRange> holes = new ArrayList<>();
    long next = 0;
    for (SpecValue element : object.elements("holes")) {
      SpecObject hole = SpecObject.of(element, List.of("offset", "size"));
      long offset = hole.required("offset").number();
      long bytes = hole.required("size").number(1, Long.MAX_VALUE >> 1);
      if (!pageSize.isAligned(offset) || !pageSize.isAligned(bytes)) {
        throw hole.broken(
            "%s bytes at %s are not whole pages of %s",
            Units.count(bytes), Units.count(offset), pageSize);
      }
      long start = offset >>> pageSize.shift();
      long count = bytes >>> pageSize.shift();
      if (start < next || start > pages - count) {
        throw hole.broken(
            "a hole of pages %s to %s: holes must ascend, and the file has %s pages",
            Units.count(start), Units.count(start + count - 1), Units.count(pages));
      }
      holes.add(new AddressRange(start, count));
      next = start + count;
    }
    return holes;
  }
}
