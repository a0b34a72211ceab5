package org.kho4j.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.cli.captures.TestGuest.Placed;
import org.kho4j.handover.generation.Folio;
import org.kho4j.warm.Region;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A warm store in a memfd in the memory of a machine that left through a kexec: its pages are
 * scattered over that memory, in no order.
 */
@EnabledOnOs(OS.LINUX)
class StoreInImageTest {

  private static final WarmOptions OPTIONS =
      WarmOptions.of("orders", 2 << 20).withSchema(3).withChecksums();
  private static final long BOOK_BYTES = 100_000;

  @TempDir private Path directory;
  private Path file;
  private byte[] book;
  private byte[] index;
  private boolean holes;
  private boolean ascending;

  /** Two regions, of which one has two extents, with the other between them. */
  @BeforeEach
  void store() throws IOException {
    file = directory.resolve("orders.warm");
    book = new byte[(int) BOOK_BYTES];
    index = new byte[5000];
    new Random(14).nextBytes(book);
    new Random(15).nextBytes(index);
    try (WarmStore store = WarmStore.open(file, OPTIONS)) {
      Region grows = store.allocate("book", 4096, 7);
      store.allocate("index", index.length).segment().copyFrom(MemorySegment.ofArray(index));
      store.commit();
      grows.grow(BOOK_BYTES).copyFrom(MemorySegment.ofArray(book));
      store.allocate("empty", 1 << 18);
    }
    assertThat(kho(0, "warm", "show", file).out()).contains("book: 97.7 KiB, schema 7, 2 extents");
  }

  /** A machine that hands over memfds with these bytes, tokens from 1 on, as systemd does. */
  private Path machine(byte[]... memfds) throws IOException {
    Path ram = directory.resolve("ram");
    try (TestGuest guest = TestGuest.create(ram, 32 << 20)) {
      guest.session("systemd");
      StringBuilder fds = new StringBuilder();
      long place = 0x1000000;
      for (int i = 0; i < memfds.length; i++) {
        place = memfd(guest, i + 1, memfds[i], place);
        fds.append(i == 0 ? "" : ",")
            .append("{\"type\":\"fd\",\"name\":\"orders.%1$d\",\"token\":%1$d}".formatted(i + 1));
      }
      String mapping =
          "{\"version\":1,\"units\":{\"orders.service\":{\"fdstore\":[%s]}}}".formatted(fds);
      guest.memfd("systemd", 0, mapping.length(), new Placed(0, guest.folio(0x800000, 0, mapping)));
    }
    return ram;
  }

  /** Page by page, each behind the next one in memory. */
  private long memfd(TestGuest guest, long token, byte[] content, long place) {
    List<Placed> folios = new ArrayList<>();
    int pages = (content.length + 4095) / 4096;
    for (int page = 0; page < pages; page++) {
      byte[] bytes = Arrays.copyOfRange(content, page * 4096, page * 4096 + 4096);
      if (!holes || !Arrays.equals(bytes, new byte[4096])) {
        Folio folio = guest.folio(place + 4096L * (ascending ? page : pages - page), 0, "");
        guest.generation().segment(folio).copyFrom(MemorySegment.ofArray(bytes));
        folios.add(new Placed(page, folio));
      }
    }
    guest.memfd("systemd", token, content.length, folios.toArray(Placed[]::new));
    return place + 4096L * (pages + 1);
  }

  private Path machine() throws IOException {
    return machine(Files.readAllBytes(file));
  }

  @Test
  void isListedAndShownWithUnitAndName() throws IOException {
    Path ram = machine(Files.readAllBytes(file), "no store".getBytes(ISO_8859_1));
    String place = "/LUO/session \"systemd\"/file 0x1: orders.1 of orders.service: orders, 2 MiB, ";
    assertThat(kho(0, "warm", "list", ram).out())
        .startsWith(place)
        .endsWith("3 regions, schema 3, generation 3, clean\n")
        .hasLineCount(1);
    assertThat(kho(0, "warm", "show", ram).out())
        .startsWith(place)
        .contains("\n  book: 97.7 KiB, schema 7, 2 extents from 0x")
        .contains("\n  index: 4.9 KiB, schema 0, 1 extent from 0x");
    assertThat(kho(0, "warm", "list", file).out()).startsWith(file + ": orders, 2 MiB, ");

    JsonNode json = new ObjectMapper().readTree(kho(0, "warm", "list", ram, "--json").out());
    JsonNode store = json.path("stores").path(0);
    assertThat(store.path("file").asString()).isEqualTo("/LUO/session \"systemd\"/file 0x1");
    assertThat(store.path("unit").asString()).isEqualTo("orders.service");
    assertThat(store.path("fd").asString()).isEqualTo("orders.1");
    assertThat(store.path("regions")).hasSize(3);
  }

  @Test
  void regionsAreExtractedByName() throws IOException {
    Path ram = machine();
    Path out = directory.resolve("out");
    assertThat(kho(0, "extract", ram, "--region", "book", "-o", out, "--verify").out())
        .contains("97.7 KiB of /LUO/session \"systemd\"/file 0x1/region \"book\"");
    assertThat(out).hasBinaryContent(book);
    String[] unit = {"--unit", "orders.service", "--fd", "orders.1", "--region", "index"};
    kho(
        0,
        Stream.concat(Stream.of("extract", ram, "--force", "-o", out), Stream.of(unit)).toArray());
    assertThat(out).hasBinaryContent(index);
    kho(
        0,
        "extract",
        ram,
        "--session",
        "systemd",
        "--token",
        1,
        "--region",
        "empty",
        "-o",
        out,
        "--force");
    assertThat(out).hasBinaryContent(new byte[1 << 18]);
    kho(0, "extract", file, "--region", "book", "-o", out, "--force");
    assertThat(out).hasBinaryContent(book);

    assertThat(kho(2, "extract", ram, "--region", "boot", "-o", out).err())
        .contains(
            "has no warm store with a region \"boot\"; it has /LUO/session \"systemd\"/file 0x1");
    assertThat(
            kho(
                    2,
                    "extract",
                    ram,
                    "--session",
                    "systemd",
                    "--token",
                    1,
                    "--region",
                    "boot",
                    "-o",
                    out)
                .err())
        .contains("has no region \"boot\" in /LUO", "it has book, empty, index");
    assertThat(
            kho(
                    2,
                    "extract",
                    ram,
                    "--session",
                    "systemd",
                    "--token",
                    0,
                    "--region",
                    "book",
                    "-o",
                    out)
                .err())
        .contains("has 96 bytes; a store has at least");
    assertThat(kho(2, "extract", Captures.small("jump-luo"), "--region", "x", "-o", out).err())
        .contains("has no warm store with a region \"x\"");
  }

  @Test
  void aPackedStoreIsAStore() throws IOException {
    Path packed = directory.resolve("store.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      Files.copy(file, out);
    }
    String line = kho(0, "warm", "list", file).out();
    assertThat(kho(0, "warm", "list", packed).out())
        .isEqualTo(line.replace("" + file, "" + packed));
    assertThat(kho(0, "warm", "show", packed).out())
        .isEqualTo(kho(0, "warm", "show", file).out().replace("" + file, "" + packed));
    assertThat(kho(0, "warm", "verify", packed).out()).contains("  index: checksum match");
    assertThat(kho(0, "warm", "verify", packed, "--json").out())
        .isEqualTo(kho(0, "warm", "verify", file, "--json").out());
  }

  @Test
  void aTruncatedStoreIsAStoreThatCannotBeRead() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int size : new int[] {100, 8192, whole.length - 1}) {
      Path cut = Files.write(directory.resolve("cut"), Arrays.copyOf(whole, size));
      for (String command : List.of("list", "show", "verify")) {
        assertThat(kho(1, "warm", command, cut).err())
            .startsWith("kho: " + cut + ": the file has " + size + " bytes; ");
      }
    }
    Path ram = machine(Arrays.copyOf(whole, 4096));
    assertThat(kho(1, "warm", "show", ram).err())
        .startsWith(
            "kho: /LUO/session \"systemd\"/file 0x1: " + ram + ": the file has 4096 bytes; ");
  }

  /** No kernel hands holes over; another writer may. */
  @Test
  void holesReadAsZeros() throws IOException {
    holes = true;
    Path ram = machine();
    Path out = directory.resolve("out");
    kho(0, "extract", ram, "--region", "empty", "-o", out);
    assertThat(out).hasBinaryContent(new byte[1 << 18]);
    assertThat(kho(0, "warm", "verify", ram).out()).contains("  empty: checksum match");
  }

  @Test
  void aRegionOfSeveralStoresIsAskedFor() throws IOException {
    byte[] store = Files.readAllBytes(file);
    assertThat(
            kho(
                    2,
                    "extract",
                    machine(store, store),
                    "--region",
                    "book",
                    "-o",
                    directory.resolve("o"))
                .err())
        .contains("2 stores have a region \"book\"", "file 0x1", "file 0x2", "--token");
  }

  @Test
  void checksumsAreCompared() throws IOException {
    assertThat(kho(0, "warm", "verify", machine()).out())
        .contains(
            "orders.1 of orders.service", "  book: checksum match", "  index: checksum match");
    byte[] damaged = Files.readAllBytes(file);
    int at = new String(damaged, ISO_8859_1).indexOf(new String(index, 100, 16, ISO_8859_1));
    damaged[at] ^= 1;
    Files.delete(directory.resolve("ram"));
    Path ram = machine(damaged);
    assertThat(kho(1, "warm", "verify", ram).out())
        .contains("  book: checksum match", "  index: checksum mismatch");
    Path out = directory.resolve("out");
    assertThat(kho(1, "extract", ram, "--region", "index", "-o", out).err())
        .contains(
            "kho: /LUO/session \"systemd\"/file 0x1/region \"index\": its checksum does not match:"
                + " it is not what its owner left\n");
    byte[] found = index.clone();
    found[100] ^= 1;
    assertThat(out).hasBinaryContent(found);
    assertThat(kho(0, "extract", ram, "--region", "book", "-o", out, "--force").err())
        .doesNotContain("checksum");
    JsonNode json = new ObjectMapper().readTree(kho(1, "warm", "verify", ram, "--json").out());
    assertThat(json.path("regions").path(2).toString())
        .isEqualTo(
            "{'file':'/LUO/session \\'systemd\\'/file 0x1','unit':'orders.service','fd':'orders.1','name':'index','checksum':'mismatch'}"
                .replace("\\'", "\\\"")
                .replace('\'', '"'));
  }

  /** The store's root FDT has offsets in the store, where others have physical addresses. */
  @Test
  void itsHandoverIsNotTheMachines() throws IOException {
    Path ram = machine();
    ConsoleOfATest inspected = kho(0, "inspect", ram);
    assertThat(inspected.out().split("kho-v4 handover", -1)).hasSize(2);
    assertThat(inspected.out()).contains("outgoing").doesNotContain("error");
    assertThat(inspected.err())
        .contains(
            "is content of /LUO/session \"systemd\"/file 0x1: that of a warm store (kho warm"
                + " list), or of a guest");
    ConsoleOfATest verified = kho(0, "verify", ram);
    assertThat(verified.out()).contains("0 errors, 0 warnings");
    assertThat(verified.err()).isEqualTo(inspected.err());
    assertThat(kho(0, "report", ram, "-o", directory.resolve("page.html")).err())
        .contains("is content of /LUO/session \"systemd\"/file 0x1");
    Matcher nested = Pattern.compile("the root FDT at (0x\\w+) is").matcher(inspected.err());
    assertThat(nested.find()).isTrue();
    kho(0, "inspect", ram, "--fdt", nested.group(1));
    Matcher own = Pattern.compile("root FDT[^\n]* (0x\\w+)").matcher(inspected.out());
    assertThat(own.find()).isTrue();
    assertThat(kho(0, "inspect", ram, "--fdt", own.group(1)).out()).isEqualTo(inspected.out());
    assertThat(kho(0, "diff", ram, ram).out()).contains("= fd orders.service orders.1");
  }

  /** Whatever bit of a memfd is wrong: an answer or a sentence. */
  @Test
  void damageIsReadOrRefused() throws IOException {
    byte[] sound = Files.readAllBytes(file);
    Random random = new Random(16);
    int refused = 0;
    for (int i = 0; i < 60; i++) {
      byte[] damaged = sound.clone();
      int at = i < 40 ? random.nextInt(512) : random.nextInt(1 << 16);
      damaged[at] ^= (byte) (1 << random.nextInt(8));
      Files.deleteIfExists(directory.resolve("ram"));
      Path ram = machine(damaged);
      ConsoleOfATest pipe = ConsoleOfATest.pipe();
      int exit = new Kho(pipe.console, "").run("warm", "verify", ram.toString());
      assertThat(pipe.err()).doesNotContain("Exception", "\tat ");
      refused += exit == 0 ? 0 : 1;
    }
    assertThat(refused).isPositive();
  }

  @Test
  void anImageWithoutStoresSaysSo() throws IOException {
    assertThat(kho(2, "warm", "list", Captures.small("jump-luo")).err())
        .contains(
            "no warm store: the file is neither a store nor a memory image with a store in a memfd");
    assertThat(kho(2, "warm", "show", Captures.small("systemd-262-jump")).err())
        .contains("no warm store");
  }

  @Test
  void aRegionThatTheImageLacksIsNoted() throws IOException {
    ascending = true;
    byte[] store = Files.readAllBytes(file);
    byte[] ram = Files.readAllBytes(machine(store));
    JsonNode shown = new ObjectMapper().readTree(kho(0, "warm", "show", file, "--json").out());
    String last = shown.at("/stores/0/regions/0/extents/1/address").asString();
    Path cut = directory.resolve("cut");
    Files.write(cut, Arrays.copyOf(ram, 0x1000000 + Integer.decode(last)));
    ConsoleOfATest verified = kho(1, "warm", "verify", cut, "--json");
    assertThat(verified.err())
        .startsWith("kho: /LUO/session \"systemd\"/file 0x1: a region cannot be read: ");
    assertThat(new ObjectMapper().readTree(verified.out()).path("regions")).isEmpty();
  }

  /** The store's first page is the last one in memory. */
  @Test
  void aStoreWhoseFirstPageTheImageLacksIsNone() throws IOException {
    byte[] ram = Files.readAllBytes(machine());
    Path cut = directory.resolve("cut");
    Files.write(cut, Arrays.copyOf(ram, 0x1000000 + 4096 * 512));
    assertThat(kho(2, "warm", "list", cut).err()).contains("no warm store");
  }
}
