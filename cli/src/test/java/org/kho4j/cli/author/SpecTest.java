package org.kho4j.cli.author;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a spec may say, and the sentence about each thing that it may not. */
class SpecTest {

  /** One line for each key, so that the line of a fault is known. */
  private static final String SPEC =
      """
      {
        "arch": "x86-64", // line 2
        "memory": { "address": 0, "size": "1G" },
        "scratch": [{ "address": "256M", "size": "256M" }],
        %s
      }
      """;

  @Test
  void commentsAndTrailingCommasAreFine() {
    Spec spec = read(SPEC.formatted("/* nothing */ \"subtrees\": [],"));
    assertThat(spec.memory().range().length()).isEqualTo(1 << 30);
    assertThat(spec.layout().id()).isEqualTo("kho-v4");
    assertThat(spec.kexecCount()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      textBlock =
          """
          "scrach": [] | s:5:3: scrach: there is no such key; here arch, pageSize
          "arch": "x86-64" | s:5:3: arch: is there twice, first in line 2
          "abi": "kho-v1" | s:5:3: abi: "kho-v1" is the version of several layouts: kho-v1@6.16, kho-v1@6.17.9, kho-v1@6.18
          "abi": "kho-v9" | s:5:3: abi: "kho-v9" is not known: kho-v1@6.16, kho-v1@6.17.9, kho-v1@6.18, kho-v2, kho-v3@7.1-rc, kho-v3@7.1, kho-v4
          "abi": 4 | s:5:3: abi: expected a string, not the number 4
          "pageSize": "16K" | s:5:3: pageSize: x86-64 has only pages of 4K, not of 16K
          "pageSize": "5K" | s:5:3: pageSize: 5120 is not a page size: 4K, 16K, 64K
          "allocate": { "address": "200M", "size": "100M" } | s:5:3: allocate: 0xc800000-0x12bfffff overlaps with scratch region 0x10000000-0x1fffffff
          "allocate": { "address": "900M", "size": "200M" } | s:5:3: allocate: 0x38400000-0x44bfffff is not in memory; memory is 0x0-0x3fffffff
          "metadata": { "kexecCount": -1 } | s:5:17: metadata.kexecCount: expected a number from 0 to 2^63 - 1
          "metadata": { "kexecCount": "0x100000000" } | metadata.kexecCount: 4294967296 is not between 0 and 4,294,967,295
          "metadata": { "previousRelease": "übermut" } | metadata.previousRelease: "übermut" is not a release: at most 64 ASCII characters
          "subtrees": {} | s:5:3: subtrees: expected an array, not an object
          "subtrees": [{ "name": "a" }] | s:5:16: subtrees[0]: one of khoTest, reserveMem, luo, blob, vmalloc is missing
          "subtrees": [{ "blob": { "text": "x" } }] | subtrees[0]: "name" is missing
          "subtrees": [{ "name": "a/b", "blob": { "text": "x" } }] | subtrees[0].name: "a/b" cannot be a node of a device tree
          "subtrees": [{ "name": "kexec-metadata", "blob": { "text": "x" } }] | this subtree always exists
          "subtrees": [{ "name": "scratch", "blob": { "text": "x" } }] | /scratch is the path of another structure
          "subtrees": [{ "name": "a", "blob": { "text": "x" } }, { "name": "a", "blob": { "text": "x" } }] | subtrees[1]: there is a subtree "a" already, in line 5
          "subtrees": [{ "name": "a", "blob": { "text": "x", "hex": "00" } }] | subtrees[0].blob.hex: contradicts "text": give only one of them
          "subtrees": [{ "name": "a", "blob": { "text": "12345", "size": 4 } }] | subtrees[0].blob.text: has 5 bytes, more than the 4
          "subtrees": [{ "name": "a", "blob": { "seed": 1 } }] | subtrees[0].blob: "size" is missing
          "subtrees": [{ "name": "a", "blob": { "text": "" } }] | a blob of 0 bytes
          "subtrees": [{ "name": "a", "blob": { "hex": "0g" } }] | subtrees[0].blob.hex: is not a whole number of bytes
          "subtrees": [{ "name": "a", "blob": { "file": "none" } }] | none: no such file
          "subtrees": [{ "name": "a", "blob": { "file": "a\\u0000b" } }] | is not a path: Nul character not allowed
          "subtrees": [{ "name": "a", "blob": { "text": "\\udfffx" } }] | s:5:41: subtrees[0].blob.text: has half of a surrogate pair
          "subtrees": [{ "name": "a", "blob": { "size": 16, "areas": [{ "offset": 1, "pages": 1 }] } }] | areas[0].offset: a descriptor of 16 bytes at 1 does not fit into a blob of 16 bytes
          "subtrees": [{ "name": "a", "blob": { "size": 64, "areas": [{ "offset": 0, "pages": 1 }, { "offset": 8, "pages": 1 }] } }] | areas[1].offset: the descriptor at 8 overlaps with that at 0
          "subtrees": [{ "name": "a", "vmalloc": { "order": 9, "pages": 511 } }] | vmalloc.pages: 2,093,056 bytes are not whole blocks of order 9, 2,097,152 bytes
          "subtrees": [{ "name": "a", "vmalloc": { "order": 19, "pages": 1 } }] | vmalloc.order: 19 is not between 0 and 18
          "subtrees": [{ "name": "a", "vmalloc": { } }] | an area has at least one block
          "subtrees": [{ "name": "a", "vmalloc": { "size": "2G" } }] | 2 GiB are more than the memory has, 1 GiB
          "subtrees": [{ "name": "a", "khoTest": { "folios": [0] } }] | subtrees[0].name: a kernel looks for khoTest only in "kho_test"
          "subtrees": [{ "khoTest": { "folios": [] } }] | subtrees[0].khoTest.folios: at least one folio is needed
          "subtrees": [{ "khoTest": { "folios": [{ "count": 5000000, "order": 0 }] } }] | 5000000 is not between 1 and 4,194,304
          "subtrees": [{ "khoTest": { "folios": [{ "count": 5, "order": 0, "seed": 1 }] } }] | seed: goes with "maxOrder"
          "subtrees": [{ "khoTest": { "folios": [18, 18] } }] | 2 GiB in 2 folios are more than the memory has, 1 GiB
          "subtrees": [{ "khoTest": { "folios": [{ "count": 600, "order": 0 }], "list": { "pages": 1 } } }] | list.pages: 1 is not between 2 and 262,144
          "subtrees": [{ "khoTest": { "folios": [0], "list": { "pages": 3, "order": 1 } } }] | list.pages: 3 pages are not whole blocks of order 1
          "subtrees": [{ "reserveMem": [] }] | 0 reservations: a kernel accepts 1 to 8
          "subtrees": [{ "reserveMem": [{ "name": "sixteen-letters-", "size": "4K" }] }] | "sixteen-letters-" cannot be a node of a device tree: 1 to 15
          "subtrees": [{ "reserveMem": [{ "name": "a", "size": "4K" }, { "name": "a", "size": "4K" }] }] | there is a reservation "a" already, in line 5
          "subtrees": [{ "reserveMem": [{ "name": "a", "size": 5000 }] }] | reserveMem[0].size: 0x1388 is not a multiple of 4K pages
          "subtrees": [{ "reserveMem": [{ "name": "a", "size": "4K", "align": "3M" }] }] | align: 3145728 is not a power of two
          "subtrees": [{ "reserveMem": [{ "name": "a", "size": "4K", "align": "2M", "address": "513M" }] }] | address: 0x20100000 is not a multiple of align, 0x200000
          "subtrees": [{ "reserveMem": [{ "name": "a", "size": "4K", "address": "300M" }] }] | is in scratch region 0x10000000-0x1fffffff, which the next kernel writes to
          "subtrees": [{ "reserveMem": [{ "name": "a", "size": "4K", "address": 0 }] }] | reserveMem[0]: reservation a cannot be at 0
          "subtrees": [{ "reserveMem": [{ "name": "a", "size": "4K", "address": "0x7ffffffffffff000" }] }] | address: 0x7ffffffffffff000 is not an address: memory ends below 2^52
          "nodes": [{ "address": 0, "size": "2G" }] | s:5:13: nodes[0]: 0x0-0x7fffffff is not in memory; memory is 0x0-0x3fffffff
          "nodes": [{ "address": 0, "size": "8K" }, { "address": "4K", "size": "4K" }] | nodes[1]: 0x1000-0x1fff overlaps with the node at 0x0-0x1fff, in line 5
          "subtrees": [{ "name": "luo", "luo": {} }] | subtrees[0].name: a kernel looks for luo only in "LUO"
          "subtrees": [{ "luo": { "abi": "luo-v6" } }] | luo.abi: "luo-v6" is none of luo-v1@6.19, luo-v1@7.0, luo-v2, luo-v3, luo-v4, luo-v5
          "subtrees": [{ "luo": { "abi": "luo-v1@6.19", "flbs": [{ "name": "a" }] } }] | luo.flbs: 1 FLBs, but luo-v1@6.19 has room for 0
          "subtrees": [{ "luo": { "flbs": [{ "name": "a" }, { "name": "a" }] } }] | luo.flbs[1]: there is an FLB "a" already, in line 5
          "subtrees": [{ "luo": { "flbs": [{ "name": "a", "data": -1 }] } }] | data: expected a number from 0 to 2^64 - 1
          "subtrees": [{ "luo": { "sessions": [{ "name": "" }] } }] | sessions[0].name: "" has 0 bytes; 1 to 63 bytes without a NUL are allowed
          "subtrees": [{ "luo": { "sessions": [{ "name": "\\ud800" }, { "name": "?" }] } }] | s:5:42: subtrees[0].luo.sessions[0].name: has half of a surrogate pair, which is no character in UTF-8
          "subtrees": [{ "luo": { "sessions": [{ "name": "a" }, { "name": "a" }] } }] | sessions[1]: there is a session "a" already, in line 5
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1 }] }] } }] | files[0]: one of memfd, handler is missing
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "handler": "h" }, { "token": "0x1", "handler": "h" }] }] } }] | files[1]: there is a file 0x1 already, in line 5
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": {}, "data": 1 }] }] } }] | data: goes with "handler", not with "memfd"
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "seed": 1 } }] }] } }] | memfd: "size" is missing: the content does not determine it
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "size": "2G" } }] }] } }] | memfd.size: 2147483648 is not between 0 and 1,073,741,824
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "abi": "memfd-v3", "size": 1 } }] }] } }] | memfd.abi: "memfd-v3" is none of memfd-v1, memfd-v2
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "abi": "memfd-v1", "size": 1, "seals": ["grow"] } }] }] } }] | memfd.seals: memfd-v1 keeps no seals
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "size": 1, "seals": ["groww"] } }] }] } }] | seals[0]: "groww" is none of exec, future-write, grow, seal, shrink, write
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "size": 1, "flags": ["dirty", "dirty"] } }] }] } }] | flags[1]: "dirty" is there twice
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "size": "8K", "holes": [{ "offset": 1, "size": "4K" }] } }] }] } }] | holes[0]: 4,096 bytes at 1 are not whole pages of 4K
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "size": "8K", "holes": [{ "offset": "4K", "size": "8K" }] } }] }] } }] | holes[0]: a hole of pages 1 to 2: holes must ascend, and the file has 2 pages
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "size": "8K", "holes": [{ "offset": 0, "size": "8K" }] } }] }] } }] | memfd.holes: the file has no folios
          "subtrees": [{ "luo": { "sessions": [{ "name": "a", "files": [{ "token": 1, "memfd": { "size": "8K", "orders": [19] } }] }] } }] | orders[0]: 19 is not between 0 and 18
          "preserve": [{ "address": "0x30000000" }] | preserve[0]: one of size, pages, order is missing
          "preserve": [{ "address": "0x30000001", "pages": 1 }] | 4,096 bytes at 0x30000001 are not whole pages of 4K
          "preserve": [{ "address": "0x30001000", "order": 1 }] | 0x30001000 is not a multiple of 0x2000, the size of a block of order 1
          "preserve": [{ "address": "2G", "pages": 1 }] | 0x80000000-0x80000fff is not in memory; memory is 0x0-0x3fffffff
          "preserve": [{ "address": "300M", "pages": 1 }] | is in scratch region
          "preserve": [{ "address": "512M", "pages": 2 }, { "address": "0x20001000", "pages": 1 }] | s:5:51: preserve[1]: preserved memory at 0x20001000-0x20001fff overlaps with preserved memory at 0x20000000-0x20001fff, in line 5
          "place": { "/nobody": "512M" } | s:5:14: place./nobody: there is no structure of this path in the spec
          "place": { "/": "512M", "/preserved-memory-map": "512M" } | /preserved-memory-map at 0x20000000-0x20000fff overlaps with / at 0x20000000-0x20000fff
          "place": { "/": "0x20000800" } | 0x20000800 is not a multiple of 0x1000, the size of the structure's block
          "place": { "/": "300M" } | is in scratch region
          "place": { "/scratch": "512M" } | 0x20000000-0x2000000f is not inside one scratch region
          "place": { "/boot-record": "0x20000004" } | 0x20000004 is not a multiple of 8
          "place": { "/boot-record": 0 } | s:5:14: place./boot-record: the boot record cannot be at 0: an address of 0 means that there is none
          "place": { "/": 0 } | s:5:14: place./: / cannot be at 0: an address of 0 means that there is none
          "place": { "/": "0x7ffffffffffff000" } | s:5:14: place./: 0x7ffffffffffff000 is not an address: memory ends below 2^52
          "place": { "/": true } | a number from 0 to 2^63 - 1, or a string like "0x38000000" or "4K", not true
          "place": { "/": "12Q" } | '12Q' is not a number
          """)
  void aContradictionIsNamedWithItsPlace(String key, String sentence) {
    assertThatThrownBy(() -> Layout.of(read(SPEC.formatted(key)), false))
        .isInstanceOf(SpecException.class)
        .message()
        .startsWith("s:5:")
        .contains(sentence);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"})
  @EnabledOnOs(OS.LINUX)
  void aFileWithoutItsSizeIsRefused(String file) {
    assumeThat(Path.of(file)).exists();

    assertThatThrownBy(() ->
            read(
                SPEC.formatted(
                    "\"subtrees\": [{ \"name\": \"a\", \"blob\": { \"file\": \"%s\" } }]"
                        .formatted(file))))
        .hasMessageContaining("s:5:41: subtrees[0].blob.file: the size of " + file + " is ")
        .hasMessageContaining("another number of bytes");
  }

  @ParameterizedTest
  @CsvSource({"8T", "257T", "4000T"})
  void moreMemoryThanAFileCanHaveIsRefused(String size) {
    assertThatThrownBy(
            () -> Layout.of(read(SPEC.replace("\"1G\"", '"' + size + '"').formatted("")), false))
        .isInstanceOf(SpecException.class)
        .hasMessageMatching(
            "s:3:3: memory: .* of memory in pages of 4K, but a RAM file has less than 8 TiB");
  }

  @Test
  void theAreasOfASpecFitIntoMemoryTogether() {
    String area = "{ \"name\": \"a%d\", \"vmalloc\": { \"size\": \"600M\" } }";
    assertThatThrownBy(() ->
            read(
                SPEC.formatted(
                    "\"subtrees\": [%s, %s]".formatted(area.formatted(1), area.formatted(2)))))
        .hasMessageContaining(
            "s:5:94: subtrees[1].vmalloc.size: the areas up to this one have 1.2 GiB, more than the"
                + " memory has, 1 GiB");
  }

  @Test
  void moreThanEightReservationsAreRefused() {
    String nine =
        IntStream.range(0, 9)
            .mapToObj("{ \"name\": \"r%d\", \"size\": \"4K\" }"::formatted)
            .collect(Collectors.joining(","));
    assertThatThrownBy(
            () -> read(SPEC.formatted("\"subtrees\": [{\"reserveMem\": [" + nine + "]}]")))
        .hasMessageContaining("9 reservations: a kernel accepts 1 to 8");
  }

  @Test
  void scratchRegionsAreMemoryAndApart() {
    assertThatThrownBy(() ->
            Layout.of(
                read(
                    """
                    { "arch": "x86-64", "memory": { "address": 0, "size": "1G" },
                      "scratch": [
                        { "address": "256M", "size": "256M" },
                        { "address": "300M", "size": "4M" } ] }
                    """),
                false))
        .hasMessage(
            "s:4:5: scratch[1]: scratch at 0x12c00000-0x12ffffff overlaps with a scratch region at"
                + " 0x10000000-0x1fffffff, in line 3");
    assertThatThrownBy(() ->
            read(
                SPEC.replace("[{ \"address\": \"256M\", \"size\": \"256M\" }]", "[]")
                    .formatted("")))
        .hasMessageStartingWith("s:4:3: scratch: a kernel needs at least one region");
    assertThatThrownBy(
            () -> Layout.of(read(SPEC.replace("256M\" }]", "768M\" }]").formatted("")), false))
        .hasMessageContaining("there is no memory above the last scratch region");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"arch": | s:1:9: the spec ends inside a value; a } or ] is missing
          {"arch" "x86-64"} | s:1:9: this is not JSON from here on: "x86-64"}
          {"arch": "x86-64"} {} | s:1:20: unexpected end of the spec
          [] | s:1:1: expected an object with arch,
          {} | s:1:1: "arch" is missing
          """)
  void whatIsNoSpecIsNamedWithItsPlace(String text, String sentence) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(SpecException.class)
        .message()
        .startsWith(sentence);
  }

  @Test
  void moreDataThanRoomIsRefusedBeforeAnyIsWritten() {
    String folio = "\"subtrees\": [{ \"khoTest\": { \"folios\": [17] } }]";
    assertThatThrownBy(() -> Layout.of(read(SPEC.formatted(folio)), false))
        .hasMessage(
            "s:1:1: 512.0 MiB of data do not fit into the remaining 480 MiB of"
                + " 0x20000000-0x3dffffff");
  }

  @Test
  void deepNestingIsRefused() {
    assertThatThrownBy(() -> read("[".repeat(100_000)))
        .isInstanceOf(SpecException.class)
        .hasMessageContaining("more than 32 levels of { and [");
    assertThatThrownBy(() -> read("")).hasMessage("s: is empty");
  }

  @Test
  void whatIsPlacedIsNotInTheWayOfWhatIsNot() {
    // The root FDT would take the first page of the region.
    Layout layout =
        Layout.of(
            read(
                SPEC.formatted(
                    "\"allocate\": {\"address\": \"512M\", \"size\": \"1M\"}, \"place\": {\"/preserved-memory-map\": \"512M\"}")),
            true);
    assertThat(layout.address("/")).hasValue(0x20001000L);
    assertThat(layout.address("/preserved-memory-map")).hasValue(0x20000000L);
  }

  @Test
  void nothingButASentenceComesOfASpecThatIsDamaged() throws IOException {
    String[] pieces = {
      "0",
      "-1",
      "1",
      "\"4K\"",
      "\"0x7fffffffffffffff\"",
      "9223372036854775807",
      "18",
      "[]",
      "{}",
      "null",
      "true",
      "1.5",
      "\"\"",
      "\"/\"",
      "\"64K\"",
      "\"arm64\"",
      ",",
      "]",
      "\"1T\"",
      "3"
    };
    Pattern scalar = Pattern.compile("\"[^\"]*\"|\\d+|[\\[\\]{},:]");
    List<Path> examples;
    try (Stream<Path> files = Files.list(Path.of("../examples/author"))) {
      examples = files.sorted().toList();
    }
    SplittableRandom random = new SplittableRandom(1);
    int refused = 0;
    for (Path example : examples) {
      String text = Files.readString(example).replaceAll("//[^\n]*", "");
      List<MatchResult> tokens = scalar.matcher(text).results().toList();
      for (int i = 0; i < 400; i++) {
        StringBuilder damaged = new StringBuilder(text);
        MatchResult token = tokens.get(random.nextInt(tokens.size()));
        damaged.replace(token.start(), token.end(), pieces[random.nextInt(pieces.length)]);
        try {
          Layout.of(read(damaged.toString()), false);
        } catch (SpecException e) {
          assertThat(e).message().startsWith("s:").doesNotContain("Exception");
          refused++;
        }
      }
    }
    assertThat(refused).isGreaterThan(1000);
  }

  private static Spec read(String text) {
    return SpecReader.read(
        SpecParser.parse("s", text), new ContentReader(Path.of("."), file -> {}));
  }
}
