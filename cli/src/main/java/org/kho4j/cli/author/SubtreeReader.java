package org.kho4j.cli.author;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.FdtLayout;
import org.kho4j.abi.KexecMetadata;
import org.kho4j.abi.KhoVersion;
import org.kho4j.abi.KhoVmalloc;
import org.kho4j.abi.Limits;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.author.SubtreeSpec.AreaSpec;
import org.kho4j.cli.author.SubtreeSpec.Blob;
import org.kho4j.cli.author.SubtreeSpec.KhoTestFolios;
import org.kho4j.cli.author.SubtreeSpec.Reservation;
import org.kho4j.cli.author.SubtreeSpec.Reservations;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.pages.PageAllocator;
import org.kho4j.handover.vmalloc.OwnedArea;

/** Reads the subtrees of a spec. */
final class SubtreeReader {

  private static final List<String> KINDS =
      List.of("khoTest", "reserveMem", "luo", "blob", "vmalloc");

  /** The length that the device-tree specification gives a node's name. */
  private static final int MAX_NAME = 31;

  static final int MAX_FOLIOS = 1 << 22;
  private static final int MAX_FLAGS = 0xffff;
  private static final int DESCRIPTOR = KhoVmalloc.STRUCTURE.headerSize();

  private final PageSize pageSize;
  private final AddressRange memory;
  private final ContentReader contents;
  private final KhoVersion version;
  private long areaBytes;

  SubtreeReader(
      PageSize pageSize, AddressRange memory, ContentReader contents, KhoVersion version) {
    this.pageSize = pageSize;
    this.memory = memory;
    this.contents = contents;
    this.version = version;
  }

  List<SubtreeSpec> read(SpecValue value) {
    List<SubtreeSpec> subtrees = new ArrayList<>();
    Map<String, SpecPlace> names = new HashMap<>();
    for (SpecValue element : value.elements()) {
      SubtreeSpec subtree = subtree(element);
      subtree.requireUnique(names, subtree.name(), "a subtree \"" + subtree.name() + "\"");
      subtrees.add(subtree);
    }
    return subtrees;
  }

  private SubtreeSpec subtree(SpecValue element) {
    SpecObject object =
        SpecObject.of(element, Stream.concat(Stream.of("name"), KINDS.stream()).toList());
    SpecValue kind = object.oneOf(KINDS);
    if (object.has("khoTest")) {
      fixedName(object, FdtLayout.KHO_TEST_SUBTREE, "khoTest");
      return khoTest(object.place(), kind);
    }
    if (object.has("reserveMem")) {
      fixedName(object, FdtLayout.MEMBLOCK_SUBTREE, "reserveMem");
      return reservations(object.place(), kind);
    }
    if (object.has("luo")) {
      fixedName(object, LuoSer.SUBTREE, "luo");
      return new LuoReader(pageSize, memory, contents, version).read(object.place(), kind);
    }
    String name = name(object.required("name"));
    return object.has("blob")
        ? blob(object.place(), name, kind)
        : new Blob(
            object.place(),
            name,
            DESCRIPTOR,
            new Fill.Zeros(),
            List.of(area(SpecObject.of(kind, areaKeys()), 0)));
  }

  private static void fixedName(SpecObject object, String name, String kind) {
    object
        .optional("name")
        .filter(value -> !value.text().equals(name))
        .ifPresent(value -> {
          throw value.broken("a kernel looks for %s only in \"%s\"", kind, name);
        });
  }

  private static String name(SpecValue value) {
    String name = value.text();
    if (name.equals(KexecMetadata.SUBTREE)) {
      throw value.broken("this subtree always exists; give its content by \"metadata\"");
    }
    if (List.of(KhoVersion.MAP_PROPERTY, "scratch", "boot-record").contains(name)) {
      throw value.broken("/%s is the path of another structure, so no subtree has it", name);
    }
    return nodeName(value, MAX_NAME);
  }

  /** A name that a device tree's node can have. */
  private static String nodeName(SpecValue value, int most) {
    String name = value.text();
    boolean fine =
        !name.isEmpty()
            && name.length() <= most
            && name.chars()
                .allMatch(
                    c -> c < 0x80 && (Character.isLetterOrDigit(c) || ",._+-@".indexOf(c) >= 0));
    if (!fine) {
      throw value.broken(
          "\"%s\" cannot be a node of a device tree: 1 to %d letters, digits and , . _ + - @",
          name, most);
    }
    return name;
  }

  private SubtreeSpec khoTest(SpecPlace place, SpecValue value) {
    SpecObject object = SpecObject.of(value, List.of("folios", "seed", "list"));
    List<Integer> orders = new ArrayList<>();
    SpecValue folios = object.required("folios");
    for (SpecValue element : folios.elements()) {
      addFolios(element, orders);
    }
    if (orders.isEmpty()) {
      throw folios.broken("at least one folio is needed");
    }
    long bytes = orders.stream().mapToLong(pageSize::blockBytes).sum();
    if (bytes > memory.length()) {
      throw folios.broken(
          "%s in %s folios are more than the memory has, %s",
          Units.size(bytes), Units.count(orders.size()), Units.size(memory.length()));
    }
    long room = Math.ceilDiv((long) orders.size() * Long.BYTES, pageSize.bytes());
    @Nullable SpecObject list =
        object
            .optional("list")
            .map(given -> SpecObject.of(given, List.of("pages", "order", "flags")))
            .orElse(null);
    int listOrder = list == null ? 0 : list.optional("order").map(SubtreeReader::order).orElse(0);
    long listPages = Math.ceilDiv(room, 1L << listOrder) << listOrder;
    if (list != null && list.has("pages")) {
      SpecValue pages = list.required("pages");
      listPages = pages.number(room, memory.length() >>> pageSize.shift());
      if (listPages % (1L << listOrder) != 0) {
        throw pages.broken("%d pages are not whole blocks of order %d", listPages, listOrder);
      }
    }
    return new KhoTestFolios(
        place,
        orders,
        object.number("seed").orElse(0),
        listPages << pageSize.shift(),
        listOrder,
        list == null ? OwnedArea.flags(listOrder) : flags(list, listOrder));
  }

  /** An order, or how many folios of which orders. */
  private static void addFolios(SpecValue element, List<Integer> orders) {
    int most = MAX_FOLIOS - orders.size();
    if (!(element instanceof SpecValue.Members)) {
      if (most < 1) {
        throw element.broken("more than %s folios", Units.count(MAX_FOLIOS));
      }
      orders.add(order(element));
      return;
    }
    SpecObject some = SpecObject.of(element, List.of("count", "order", "maxOrder", "seed"));
    long count = some.required("count").number(1, most);
    SpecValue bound = some.oneOf(List.of("order", "maxOrder"));
    int order = order(bound);
    OptionalLong seed = some.number("seed");
    if (some.has("order") && seed.isPresent()) {
      throw some.required("seed").broken("goes with \"maxOrder\", not with \"order\"");
    }
    SplittableRandom random = new SplittableRandom(seed.orElse(0));
    for (long i = 0; i < count; i++) {
      orders.add(some.has("order") ? order : random.nextInt(order + 1));
    }
  }

  private static int order(SpecValue value) {
    return (int) value.number(0, PageAllocator.MAX_ORDER);
  }

  private SubtreeSpec reservations(SpecPlace place, SpecValue value) {
    List<Reservation> list = new ArrayList<>();
    Map<String, SpecPlace> names = new HashMap<>();
    for (SpecValue element : value.elements()) {
      Reservation reservation = reservation(element);
      String name = reservation.name();
      reservation.requireUnique(names, name, "a reservation \"" + name + "\"");
      list.add(reservation);
    }
    if (list.isEmpty() || list.size() > Limits.RESERVE_MEM_ENTRIES) {
      throw value.broken(
          "%d reservations: a kernel accepts 1 to %d", list.size(), Limits.RESERVE_MEM_ENTRIES);
    }
    return new Reservations(place, list);
  }

  private Reservation reservation(SpecValue element) {
    SpecObject object =
        SpecObject.of(element, ContentReader.withKeys("name", "size", "address", "align"));
    long most = pageSize.blockBytes(PageAllocator.MAX_ORDER);
    long size = object.required("size").number(pageSize.bytes(), most);
    wholePages(object.required("size"), size);
    long align = pageSize.bytes();
    @Nullable SpecValue alignment = object.optional("align").orElse(null);
    if (alignment != null) {
      align = alignment.number(1, most);
      if (Long.bitCount(align) != 1) {
        throw alignment.broken("%d is not a power of two", align);
      }
    }
    OptionalLong address = OptionalLong.empty();
    @Nullable SpecValue given = object.optional("address").orElse(null);
    if (given != null) {
      address = OptionalLong.of(given.address());
      wholePages(given, given.address());
      if ((given.address() & (align - 1)) != 0) {
        throw given.broken("0x%x is not a multiple of align, 0x%x", given.address(), align);
      }
    }
    return new Reservation(
        object.place(),
        nodeName(object.required("name"), Limits.RESERVE_MEM_NAME),
        size,
        address,
        align,
        contents.read(object, size));
  }

  private void wholePages(SpecValue value, long number) {
    if (!pageSize.isAligned(number)) {
      throw value.broken("0x%x is not a multiple of %s pages", number, pageSize);
    }
  }

  private Blob blob(SpecPlace place, String name, SpecValue value) {
    SpecObject object = SpecObject.of(value, ContentReader.withKeys("size", "areas"));
    Fill content = contents.read(object);
    long most = pageSize.blockBytes(PageAllocator.MAX_ORDER);
    OptionalLong given =
        object
            .optional("size")
            .map(size -> OptionalLong.of(size.number(1, most)))
            .orElse(content.size());
    if (given.isEmpty()) {
      throw object.broken("\"size\" is missing: the content does not determine it");
    }
    long size = given.getAsLong();
    if (size < 1 || size > most) {
      throw object.broken("a blob of %s bytes; 1 to %s bytes are allowed", size, Units.count(most));
    }
    ContentReader.requireRoom(object, content, size);
    return new Blob(place, name, size, content, areas(object, size));
  }

  private List<AreaSpec> areas(SpecObject blob, long size) {
    List<AreaSpec> areas = new ArrayList<>();
    for (SpecValue element : blob.elements("areas")) {
      SpecObject object =
          SpecObject.of(
              element, ContentReader.withKeys("offset", "size", "pages", "order", "flags"));
      long offset = object.required("offset").number();
      if (size < DESCRIPTOR || offset > size - DESCRIPTOR) {
        throw object
            .required("offset")
            .broken(
                "a descriptor of %d bytes at %d does not fit into a blob of %s bytes",
                DESCRIPTOR, offset, Units.count(size));
      }
      for (AreaSpec other : areas) {
        if (Math.abs(other.offset() - offset) < DESCRIPTOR) {
          throw object
              .required("offset")
              .broken(
                  "the descriptor at %d overlaps with that at %d, in line %d",
                  offset, other.offset(), other.place().line());
        }
      }
      areas.add(area(object, offset));
    }
    return areas;
  }

  private static List<String> areaKeys() {
    return ContentReader.withKeys("size", "pages", "order", "flags");
  }

  private AreaSpec area(SpecObject object, long offset) {
    int order = object.optional("order").map(SubtreeReader::order).orElse(0);
    long block = pageSize.blockBytes(order);
    Fill content = contents.read(object);
    @Nullable SpecValue extent = object.atMostOneOf(List.of("size", "pages")).orElse(null);
    long bytes;
    if (extent == null) {
      ContentReader.requireRoom(object, content, memory.length());
      bytes = Math.ceilDiv(content.size().orElse(0), block) * block;
    } else if (object.has("size")) {
      bytes = extent.number();
    } else {
      bytes = extent.number(1, Integer.MAX_VALUE) << pageSize.shift();
    }
    SpecPlace place = extent == null ? object.place() : extent.place();
    if (bytes == 0) {
      throw place.broken("an area has at least one block: give \"size\" or \"pages\"");
    }
    if (bytes % block != 0) {
      throw place.broken(
          "%s bytes are not whole blocks of order %d, %s bytes",
          Units.count(bytes), order, Units.count(block));
    }
    if (bytes > memory.length()) {
      throw place.broken(
          "%s are more than the memory has, %s", Units.size(bytes), Units.size(memory.length()));
    }
    areaBytes += bytes;
    if (areaBytes > memory.length()) {
      throw place.broken(
          "the areas up to this one have %s, more than the memory has, %s",
          Units.size(areaBytes), Units.size(memory.length()));
    }
    ContentReader.requireRoom(object, content, bytes);
    return new AreaSpec(object.place(), offset, bytes, order, flags(object, order), content);
  }

  /** The flags of an area's descriptor, with bits that no kernel knows. */
  private static int flags(SpecObject area, int order) {
    return area.optional("flags")
        .map(value -> (int) value.number(0, MAX_FLAGS))
        .orElse(OwnedArea.flags(order));
  }
}
