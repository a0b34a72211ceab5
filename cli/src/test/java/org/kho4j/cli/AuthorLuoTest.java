package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code kho author} with a state of LUO, read by the other commands. */
class AuthorLuoTest {

  private static final JsonMapper JSON = new JsonMapper();
  private static final String LUO =
      """
      { "arch": "arm64", "pageSize": "%1$s", "abi": "%2$s",
        "memory": { "address": "1G", "size": "64M" },
        "scratch": [{ "address": "1G", "size": "16M" }],
        "allocate": { "address": "1040M", "size": "48M", "scatter": 3 },
        "subtrees": [{ "luo": {
          "abi": "%3$s", "liveupdateNumber": 7,
          "sessions": [
            { "name": "a/b \\"c\\"", "files": [
              { "token": "0xffffffffffffffff", "memfd": { "abi": "%4$s", "size": 700001, "position": 12, "seed": 5,
                  "orders": [0, 2, 1], "holes": [{ "offset": "64K", "size": "128K" }, { "offset": "320K", "size": "64K" }] } },
              { "token": 2, "memfd": { "abi": "%4$s", "text": "one line", "flags": ["uptodate"] } },
              { "token": 3, "memfd": { "abi": "%4$s", "size": 0 } } ] },
            { "name": "plain", "files": [{ "token": 1, "handler": "device-v9", "data": "0xfeedfacecafebeef" }] },
            { "name": "empty" } ]%5$s } }],
        "place": { %6$s } }
      """;
  private static final String FLBS =
      ", \"flbs\": [{ \"name\": \"iommu\", \"data\": \"0x8000000000000001\", \"count\": 3 }]";

  @TempDir private Path directory;
  private String base = "";

  @ParameterizedTest
  @CsvSource({
    "4K,  kho-v3, luo-v1@6.19, memfd-v1",
    "16K, kho-v3, luo-v1@7.0,  memfd-v2",
    "64K, kho-v3, luo-v1,      memfd-v1",
    "16K, kho-v3, luo-v2,      memfd-v2",
    "4K,  kho-v3, luo-v3,      memfd-v2",
    "64K, kho-v4, luo-v4,      memfd-v2",
    "4K,  kho-v4, luo-v5,      memfd-v2",
    "16K, kho-v4, luo-v5,      memfd-v1",
    "64K, kho-v4, luo-v5,      memfd-v2",
    "4K,  kho-v4;radix-v1;vmalloc-v1, luo-features, memfd",
    "64K, kho-v4, luo-v5;block-v1, memfd-v2;vmalloc-v1"
  })
  void isReadAsItWasWanted(String pageSize, String kho, String luo, String memfd)
      throws IOException {
    boolean flbs = !luo.equals("luo-v1@6.19");
    String spec = LUO.formatted(pageSize, kho, luo, memfd, flbs ? FLBS : "", "");
    JsonNode authored = author(spec);
    JsonNode found = liveUpdate();

    assertThat(found.get("compatible").asString()).isEqualTo(luo.replaceAll("@.*", ""));
    assertThat(found.get("liveupdateNumber").asInt()).isEqualTo(7);
    assertThat(found.at("/flbs").size()).isEqualTo(flbs ? 1 : 0);
    if (flbs) {
      assertThat(found.at("/flbs/0").toString())
          .isEqualTo("{\"name\":\"iommu\",\"data\":\"0x8000000000000001\",\"count\":3}");
    }
    assertThat(found.at("/sessions").size()).isEqualTo(3);
    assertThat(found.at("/sessions/0/name").asString()).isEqualTo("a/b \"c\"");
    JsonNode first = found.at("/sessions/0/files/0");
    assertThat(first.get("compatible").asString()).isEqualTo(memfd);
    assertThat(first.at("/memfd/size").asInt()).isEqualTo(700001);
    assertThat(first.at("/memfd/position").asInt()).isEqualTo(12);
    assertThat(found.at("/sessions/1/files/0").toString()).contains("device-v9");
    assertThat(extract("a/b \"c\"", "0xffffffffffffffff")).isEqualTo(expected());
    assertThat(extract("a/b \"c\"", "2")).asString().isEqualTo("one line");
    assertThat(extract("a/b \"c\"", "3")).isEmpty();

    Path other = directory.resolve("other");
    String places =
        authored.get("structures").properties().stream()
            .map(place -> JSON.writeValueAsString(place.getKey()) + ": " + place.getValue())
            .reduce((a, b) -> a + ", " + b)
            .orElseThrow();
    Path again =
        Files.writeString(
            directory.resolve("again.jsonc"),
            LUO.formatted(pageSize, kho, luo, memfd, flbs ? FLBS : "", places));
    run(0, "author", again.toString(), "-o", other.toString(), "--json");
    assertThat(Files.mismatch(ram(), other)).isEqualTo(-1);
  }

  /** Of development trees, in the form of a release. */
  @Test
  void featuresAreConvertedToVersions() throws IOException {
    author(
        """
        { "arch": "x86-64", "abi": "kho-v4;radix-v1;vmalloc-v1",
          "memory": { "address": 0, "size": "128M" },
          "scratch": [{ "address": "32M", "size": "16M" }],
          "subtrees": [{ "luo": { "abi": "luo-features", "sessions": [
            { "name": "s", "files": [{ "token": 1, "memfd": { "abi": "memfd", "text": "x" } }] }] } }] }
        """);
    String converted = directory.resolve("converted").toString();
    run(0, "convert", ram().toString(), "--base", base, "--abi", "7.3", "-o", converted);
    JsonNode verified = JSON.readTree(run(0, "verify", converted, "--json", "--base", base));
    assertThat(verified.get("findings").valueStream().map(one -> one.get("id").asString()))
        .containsExactly("SCRATCH-008");
  }

  /** What the spec leaves out: the newest that a kernel of that root contract writes. */
  @Test
  void versionsFollowTheRootFdt() throws IOException {
    String small =
        """
        { "arch": "x86-64", "abi": "%s",
          "memory": { "address": 0, "size": "64M" },
          "scratch": [{ "address": "16M", "size": "8M" }],
          "subtrees": [{ "luo": { "sessions": [
            { "name": "s", "files": [{ "token": 1, "memfd": { "text": "x" } }] }] } }] }
        """;
    author(small.formatted("kho-v4"));
    assertThat(liveUpdate().get("compatible").asString()).isEqualTo("luo-v5");
    author(small.formatted("kho-v3"));
    assertThat(liveUpdate().get("compatible").asString()).isEqualTo("luo-v1");
    assertThat(liveUpdate().at("/sessions/0/files/0/compatible").asString()).isEqualTo("memfd-v2");
    assertThat(liveUpdate().at("/flbs").size()).isZero();
    JsonNode verified = JSON.readTree(run(0, "verify", ram().toString(), "--json", "--base", base));
    assertThat(verified.get("findings")).hasSize(1);
    assertThat(verified.at("/findings/0/id").asString()).isEqualTo("SCRATCH-008");
  }

  /** The longs of a SplittableRandom, with the holes left out. */
  private static byte[] expected() {
    SplittableRandom random = new SplittableRandom(5);
    byte[] bytes = new byte[700001];
    for (int at = 0; at < bytes.length; at += 8) {
      long word = random.nextLong();
      for (int i = at; i < Math.min(at + 8, bytes.length); i++) {
        bytes[i] = (byte) (word >>> (8 * (i - at)));
      }
    }
    Arrays.fill(bytes, 64 << 10, 192 << 10, (byte) 0);
    Arrays.fill(bytes, 320 << 10, 384 << 10, (byte) 0);
    return bytes;
  }

  private Path ram() {
    return directory.resolve("ram");
  }

  private JsonNode author(String spec) throws IOException {
    Path file = Files.writeString(directory.resolve("spec.jsonc"), spec);
    JsonNode authored =
        JSON.readTree(
            run(0, "author", file.toString(), "-o", ram().toString(), "--json", "--force"));
    base = authored.at("/ram/base").asString();
    return authored;
  }

  private JsonNode liveUpdate() {
    JsonNode handover =
        JSON.readTree(run(0, "inspect", ram().toString(), "--json", "--base", base))
            .at("/handovers/0");
    assertThat(handover.get("errors")).isEmpty();
    for (JsonNode subtree : handover.get("subtrees")) {
      if (subtree.has("luo")) {
        return subtree.get("luo");
      }
    }
    throw new AssertionError("no LUO");
  }

  private byte[] extract(String session, String token) throws IOException {
    Path out = directory.resolve("content");
    run(
        0,
        "extract",
        ram().toString(),
        "--session",
        session,
        "--token",
        token,
        "--force",
        "-o",
        out.toString(),
        "--base",
        base);
    return Files.readAllBytes(out);
  }

  private static String run(int exit, String... args) {
    ConsoleOfATest console = ConsoleOfATest.pipe();
    assertThat(new Kho(console.console, "").run(args)).as(console.err()).isEqualTo(exit);
    return console.out();
  }
}
