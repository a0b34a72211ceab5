package org.kho4j.cli;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

@EnabledOnOs(OS.LINUX)
class WarmCommandTest {

  private static final WarmOptions OPTIONS =
      WarmOptions.of("orders", 16 << 20).withSchema(3).withChecksums();

  @TempDir private Path directory;
  private Path path;

  @BeforeEach
  void store() throws IOException {
    path = directory.resolve("orders.warm");
    try (WarmStore store = WarmStore.open(path, OPTIONS)) {
      store.allocate("book", 5 << 20, 7).segment().set(JAVA_LONG, 0, 42);
      store.allocate("index", 100);
    }
  }

  @Test
  void listsTheStoresOfADirectory() throws IOException {
    Files.writeString(directory.resolve("other"), "kho4j-warm");
    String listed = kho(0, "warm", "list", directory).out();
    assertThat(listed.lines()).hasSize(1);
    assertThat(listed)
        .startsWith(path + ": orders, 16 MiB, ")
        .contains("2 regions, schema 3, generation 2, clean");

    Files.copy(path, directory.resolve("bad"));
    flip(directory.resolve("bad"), 72);
    ConsoleOfATest withDamaged = kho(1, "warm", "list", directory);
    assertThat(withDamaged.out()).isEqualTo(listed);
    assertThat(withDamaged.err()).contains("bad: the first page's checksum is");
  }

  @Test
  void saysThatADirectoryHasNoStore(@TempDir Path empty) {
    ConsoleOfATest listed = kho(0, "warm", "list", empty);
    assertThat(listed.out()).isEmpty();
    assertThat(listed.err()).isEqualTo("kho: " + empty + ": no file in it is a warm store\n");
  }

  /** Anyone can give a file in /dev/shm such a name; Java cannot create one. */
  @Test
  void listsTheStoresBesideAFileWhoseNameIsNoText() throws Exception {
    String copy = "cp '%s' '%s'/$(printf 'a\\377b')".formatted(path, directory);
    assertThat(new ProcessBuilder("sh", "-c", copy).inheritIO().start().waitFor()).isZero();

    ConsoleOfATest listed = kho(1, "warm", "list", directory);
    assertThat(listed.out()).contains(path + ": orders, 16 MiB, ");
    assertThat(listed.err())
        .contains("cannot open " + directory + "/a")
        .contains("ENOENT", "LC_ALL=C.UTF-8");
  }

  /** Only the service can tell whether the content is whole after a crash. */
  @Test
  void aStoreWhoseOwnerDiedStaysSo() throws IOException {
    WarmStore.open(path, OPTIONS).abandon();
    String before = kho(0, "warm", "show", path).out();
    assertThat(before).contains("its last owner died");

    kho(2, "warm", "drop", path, "none");
    assertThat(kho(0, "warm", "show", path).out()).isEqualTo(before);

    kho(0, "warm", "drop", path, "book");
    assertThat(kho(0, "warm", "show", path).out())
        .contains("its last owner died", "  index: ")
        .doesNotContain("book");
  }

  @Test
  void showsAStoreThatIsInUse() throws IOException {
    try (WarmStore store = WarmStore.open(path, OPTIONS)) {
      store.region("index").orElseThrow().drop();
      assertThat(kho(0, "warm", "show", path).out())
          .contains("in use")
          .contains("  book: 5 MiB, schema 7, 1 extent from 0x")
          .contains("  index: 100 B, schema 0");
    }
    JsonNode document = new ObjectMapper().readTree(kho(0, "warm", "show", path, "--json").out());
    assertThat(document.propertyNames()).containsExactly("schema", "stores");
    assertThat(document.get("schema").asString()).isEqualTo("kho4j/warm/1");
    JsonNode json = document.get("stores").get(0);
    assertThat(json.get("schema").asLong()).isEqualTo(3);
    assertThat(json.get("state").asString()).isEqualTo("clean");
    assertThat(json.get("regions")).hasSize(1);
    assertThat(json.get("regions").get(0).get("size").asLong()).isEqualTo(5 << 20);
  }

  @Test
  void verifiesMetadataAndContent() throws IOException {
    assertThat(kho(0, "warm", "verify", path).out())
        .contains("  book: checksum match")
        .contains("  index: checksum match");
    JsonNode json = new ObjectMapper().readTree(kho(0, "warm", "show", path, "--json").out());
    String address =
        json.get("stores")
            .get(0)
            .get("regions")
            .get(0)
            .get("extents")
            .get(0)
            .get("address")
            .asString();
    flip(path, Long.decode(address) + 1000);

    assertThat(kho(1, "warm", "verify", path).out())
        .contains("  book: checksum mismatch")
        .contains("  index: checksum match");

    flip(path, 384);
    assertThat(kho(1, "warm", "verify", path).err()).contains("slot 0 at 0x180: its checksum is");
    assertThat(kho(2, "warm", "verify", Files.writeString(directory.resolve("text"), "text")).err())
        .contains("text: no warm store: the file is neither a store nor a memory image");
  }

  @Test
  void aDamagedStoreIsABadAnswerAndWholeJson() throws IOException {
    flip(path, 72);
    for (String command : new String[] {"list", "show", "verify"}) {
      assertThat(kho(1, "warm", command, path).err())
          .startsWith("kho: " + path + ": the first page's checksum is");
    }
    for (String command : new String[] {"list", "show"}) {
      JsonNode list = new ObjectMapper().readTree(kho(1, "warm", command, path, "--json").out());
      assertThat(list.get("stores")).isEmpty();
    }
    JsonNode verify = new ObjectMapper().readTree(kho(1, "warm", "verify", path, "--json").out());
    assertThat(verify.get("regions")).isEmpty();
  }

  @Test
  void dropsARegion() throws IOException {
    assertThat(kho(0, "warm", "drop", path, "book").out()).isEqualTo("dropped book, 5 MiB\n");
    assertThat(kho(0, "warm", "show", path).out()).doesNotContain("book").contains("  index: ");
    assertThat(kho(2, "warm", "drop", path, "book").err()).contains("has no region 'book'");
    assertThat(kho(2, "warm", "verify", directory.resolve("none"), "--json").out()).isEmpty();
    try (WarmStore store = WarmStore.open(path, OPTIONS)) {
      assertThat(kho(2, "warm", "drop", path, "index").err()).contains("is in use");
      assertThat(store.region("index")).isPresent();
    }
  }

  @Test
  void saysInJsonWhatWasDropped() {
    JsonNode dropped =
        new ObjectMapper().readTree(kho(0, "warm", "drop", path, "book", "--json").out());
    assertThat(dropped.get("schema").asString()).isEqualTo("kho4j/warm-drop/1");
    assertThat(dropped.get("region").asString()).isEqualTo("book");
    assertThat(dropped.get("size").asLong()).isEqualTo(5 << 20);
  }

  @Test
  void isWhatTheOtherCommandsRead() {
    assertThat(kho(0, "inspect", path).out()).contains("kho-v4 handover").contains("warm at 0x");
    assertThat(kho(0, "verify", path).out()).contains("0 errors, 0 warnings");
    assertThat(kho(0, "diff", path, path).err()).isEmpty();
    Path blob = directory.resolve("blob");
    kho(0, "extract", path, "--subtree", "warm", "-o", blob);
    assertThat(blob).isRegularFile();
  }

  private static void flip(Path file, long at) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      one.put(0, (byte) (one.get(0) ^ 1)).rewind();
      channel.write(one, at);
    }
  }
}
