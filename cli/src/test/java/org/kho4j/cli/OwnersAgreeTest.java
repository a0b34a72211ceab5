package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code inspect --ranges}, {@code who} and {@code extract} say the same of the same memory. */
class OwnersAgreeTest {

  /** Addresses that one run of {@code who} is asked for. */
  private static final int AT_ONCE = 4000;

  /** Pages of a capture that are asked for; of a larger one, some of each range. */
  private static final int MOST_PAGES = 1024;

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path directory;

  static Stream<Path> captures() {
    return Stream.of(Captures.small(), Captures.lab(), Captures.vectors()).flatMap(List::stream);
  }

  private static JsonNode json(String... line) {
    return json(0, line);
  }

  private static JsonNode json(int exit, String... line) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    assertThat(new Kho(pipe.console, "").run(line)).as(pipe.err()).isEqualTo(exit);
    return MAPPER.readTree(pipe.out());
  }

  private static long address(JsonNode node, String name) {
    return Long.parseUnsignedLong(node.path(name).asString().substring(2), 16);
  }

  @ParameterizedTest
  @MethodSource("captures")
  void whoNamesTheOwnerOfEveryRange(Path packed) {
    Path capture = Captures.unpacked(packed);
    JsonNode inspected = json("inspect", "--ranges", "--json", capture.toString());
    int compared = 0;
    for (JsonNode handover : inspected.path("handovers")) {
      JsonNode map = handover.path("preservedMap");
      if (!map.path("state").asString().equals("intact")) {
        assertThat(handover.has("ranges")).isFalse();
        continue;
      }
      long bytes = 0;
      for (JsonNode range : handover.path("ranges")) {
        bytes += range.path("bytes").asLong();
      }
      assertThat(bytes).isEqualTo(map.path("bytes").asLong());
      Map<Long, JsonNode> pages = pages(handover, inspected.path("source").path("pageSize"));
      for (Map.Entry<Long, JsonNode> answer : who(capture, handover, pages.keySet()).entrySet()) {
        compare(pages.get(answer.getKey()), answer.getValue());
        compared++;
      }
    }
    assertThat(compared).isPositive();
  }

  private static Map<Long, JsonNode> pages(JsonNode handover, JsonNode pageSize) {
    long page = pageSize.asLong();
    long all = handover.path("preservedMap").path("bytes").asLong() / page;
    long step = all <= MOST_PAGES ? page : Math.max(1, all / MOST_PAGES) * page;
    Map<Long, JsonNode> pages = new HashMap<>();
    for (JsonNode range : handover.path("ranges")) {
      long address = address(range, "address");
      long end = address + range.path("bytes").asLong();
      for (long at = address; at < end && pages.size() < 2 * MOST_PAGES; at += step) {
        pages.put(at, range);
      }
      pages.put(end - 1, range);
    }
    return pages;
  }

  /** What {@code who} says of some addresses in one handover. */
  private static Map<Long, JsonNode> who(
      Path capture, JsonNode handover, Iterable<Long> addresses) {
    Map<Long, JsonNode> answers = new HashMap<>();
    List<Long> all = new ArrayList<>();
    addresses.forEach(all::add);
    for (int from = 0; from < all.size(); from += AT_ONCE) {
      List<String> line = new ArrayList<>(List.of("who", "--json", capture.toString()));
      line.addAll(List.of("--role", handover.path("role").asString()));
      all.subList(from, Math.min(all.size(), from + AT_ONCE))
          .forEach(address -> line.add("0x" + Long.toHexString(address)));
      if (handover.path("role").asString().equals("unknown")) {
        line.removeAll(List.of("--role", "unknown"));
      }
      for (JsonNode answer : json(line.toArray(String[]::new)).path("addresses")) {
        assertThat(answer.path("ram").asBoolean()).isTrue();
        for (JsonNode one : answer.path("handovers")) {
          if (one.path("fdt").equals(handover.path("fdt"))) {
            answers.put(address(answer, "address"), one);
          }
        }
      }
    }
    assertThat(answers).hasSameSizeAs(all);
    return answers;
  }

  private static void compare(JsonNode range, JsonNode answer) {
    String what = range + " " + answer;
    assertThat(answer.path("preserved").asBoolean()).as(what).isTrue();
    assertThat(answer.path("blocks")).as(what).hasSize(1);
    assertThat(answer.path("blocks").path(0).path("order")).as(what).isEqualTo(range.path("order"));
    JsonNode owners = answer.path("owners");
    assertThat(owners.size() > 1).as(what).isEqualTo(range.has("shared"));
    assertThat(owners.isEmpty()).as(what).isEqualTo(!range.has("owner"));
    if (!owners.isEmpty()) {
      JsonNode first = owners.path(0);
      assertThat(first.path("kind")).as(what).isEqualTo(range.path("owner").path("kind"));
      assertThat(first.path("path")).as(what).isEqualTo(range.path("owner").path("path"));
      // The last page of a blob or a file reaches behind its end.
      assertThat(first.has("offset") != first.has("outside")).as(what).isTrue();
      assertThat(first.has("offsetUnknown")).as(what).isFalse();
    }
  }

  /** The byte at the offset that {@code who} gives is the byte at the address. */
  @ParameterizedTest
  @MethodSource("captures")
  void extractHasTheByteWhereWhoSaysThatItIs(Path packed) throws IOException {
    Path capture = Captures.unpacked(packed);
    Path target = directory.resolve("all");
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    int exit =
        new Kho(pipe.console, "").run("extract", capture.toString(), "--all", target.toString());
    JsonNode index = MAPPER.readTree(Files.readString(target.resolve("index.json")));
    assertThat(exit).as(pipe.err()).isEqualTo(index.path("problems").asLong() == 0 ? 0 : 1);
    Map<String, Path> files = new HashMap<>();
    for (JsonNode item : index.path("items")) {
      if (item.has("file")) {
        files.put(item.path("path").asString(), target.resolve(item.path("file").asString()));
      }
    }
    JsonNode inspected = json("inspect", "--ranges", "--json", capture.toString());
    try (PhysicalMemory memory = MemoryImages.open(capture)) {
      for (JsonNode handover : inspected.path("handovers")) {
        if (handover.path("fdt").equals(index.path("handover").path("fdt"))) {
          Map<Long, JsonNode> pages = pages(handover, inspected.path("source").path("pageSize"));
          for (Map.Entry<Long, JsonNode> one : who(capture, handover, pages.keySet()).entrySet()) {
            compare(memory, files, one.getKey(), one.getValue().path("owners").path(0));
          }
        }
      }
    }
  }

  private static void compare(
      PhysicalMemory memory, Map<String, Path> files, long address, JsonNode owner)
      throws IOException {
    Path file = files.get(owner.path("path").asString());
    String kind = owner.path("kind").asString();
    if (file == null
        || !owner.has("offset")
        || !List.of("memfd", "vmalloc", "reservation", "subtree").contains(kind)) {
      return;
    }
    long offset = owner.path("offset").asLong();
    try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "r")) {
      if (offset < content.length() && memory.contains(address, 1)) {
        content.seek(offset);
        assertThat((byte) content.read())
            .as("%s at 0x%x", owner, address)
            .isEqualTo(memory.read(address, 1).get(ValueLayout.JAVA_BYTE, 0));
      }
    }
  }

  @Test
  void aTakenHandoverHasNoOwners() {
    JsonNode answer =
        json("who", "--json", "--role", "incoming", Captures.small("gen2-running").toString(), "0");
    JsonNode handover = answer.path("addresses").path(0).path("handovers").path(0);
    assertThat(handover.path("taken").asString()).isNotEmpty();
    assertThat(handover.has("owners")).isFalse();
  }

  /** A part of the map that leads nowhere: no list says that nothing is preserved. */
  @Test
  void aMapWithABrokenPartHasNoRanges() throws IOException {
    Path ram = directory.resolve("ram");
    try (TestGuest guest = TestGuest.create(ram, 64 << 20)) {
      guest.session("vm");
    }
    String root =
        json("inspect", "--json", ram.toString()).at("/handovers/0/preservedMap/root").asString();
    try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
      file.seek(Long.decode(root) + 3 * Long.BYTES);
      file.writeLong(Long.reverseBytes(1L << 32));
    }

    JsonNode handover = json(1, "inspect", "--ranges", "--json", ram.toString()).at("/handovers/0");
    assertThat(handover.at("/preservedMap/state").asString()).isEqualTo("damaged");
    assertThat(handover.has("ranges")).isFalse();
    assertThat(handover.path("errors").valueStream().map(it -> it.path("message").asString()))
        .contains("the owners of preserved memory are not listed: the map is broken");
  }

  /** The preserved map is such a tree, too. */
  @Test
  void aRadixTreeIsShownByItsRoot() {
    String capture = Captures.small("jump-luo").toString();
    JsonNode map =
        json("inspect", "--json", capture).path("handovers").path(0).path("preservedMap");
    JsonNode tree = json("inspect", "--json", "--radix", "0x511000", capture);
    assertThat(tree.path("nodes")).isEqualTo(map.path("nodes"));
    assertThat(tree.path("keys")).isEqualTo(map.path("preservations"));
    assertThat(tree.path("bytes")).isEqualTo(map.path("bytes"));
    long keys = 0;
    for (JsonNode run : tree.path("runs")) {
      keys += run.path("keys").asLong();
    }
    assertThat(keys).isEqualTo(tree.path("keys").asLong());
    assertThat(tree.path("errors")).isEmpty();
  }

  @Test
  void noRadixTreeIsAtZero() {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    assertThat(
            new Kho(pipe.console, "")
                .run("inspect", "--radix", "0", Captures.small("jump-luo").toString()))
        .isEqualTo(2);
    assertThat(pipe.err()).startsWith("kho: --radix 0: a root node at 0 is the kernel's sign for ");
  }

  @Test
  void whatIsNoRadixTreeIsAnError() {
    String capture = Captures.small("jump-luo").toString();
    for (String address : List.of("0x778000", "0x512001", "0xfffffffffffff000")) {
      ConsoleOfATest pipe = ConsoleOfATest.pipe();
      assertThat(new Kho(pipe.console, "").run("inspect", "--radix", address, capture))
          .isEqualTo(1);
      assertThat(pipe.out()).contains("error /radix " + address);
    }
  }

  @Test
  void whoTakesEveryAddress() {
    JsonNode answers =
        json(
            "who",
            "--json",
            Captures.EXAMPLE.toString(),
            "0xffffffffffffffff",
            "0x8000000000000000",
            "0x492004");
    assertThat(answers.path("addresses").path(0).path("ram").asBoolean()).isFalse();
    JsonNode last = answers.path("addresses").path(2).path("handovers").path(0);
    assertThat(last.path("owners").path(0).path("kind").asString()).isEqualTo("root-fdt");
    assertThat(last.path("owners").path(0).path("offset").asInt()).isEqualTo(4);
  }

  @Test
  void anAddressThatIsNoneIsRefused() {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    assertThat(new Kho(pipe.console, "").run("who", Captures.EXAMPLE.toString(), "frob"))
        .isEqualTo(2);
    assertThat(pipe.err()).contains("'frob'", "is not a number");
  }
}
