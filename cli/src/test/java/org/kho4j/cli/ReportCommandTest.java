package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.cli.captures.TestGuest.Placed;
import org.kho4j.cli.output.Version;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class ReportCommandTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path directory;
  private Path outDirectory;
  private Path page;

  @BeforeEach
  void nameFiles() throws IOException {
    outDirectory = Files.createDirectory(directory.resolve("out"));
    page = outDirectory.resolve("report.html");
  }

  private String report(int exit, Object source, Object... options) throws IOException {
    List<Object> line =
        Stream.concat(Stream.of("report", source, "-o", page), Stream.of(options)).toList();
    kho(exit, line.toArray());
    return Files.readString(page);
  }

  @ParameterizedTest
  @ValueSource(strings = {"invalid-luo-same-name", "invalid-luo-token"})
  void structuresOfOnePathHaveIdsOfTheirOwn(String vector) throws IOException {
    Path source = Captures.PROJECT.resolve("vectors/invalid").resolve(vector + ".elf.zst");
    List<String> ids =
        Pattern.compile(" id=\"([^\"]+)\"")
            .matcher(report(1, source))
            .results()
            .map(result -> result.group(1))
            .toList();
    assertThat(ids).hasSizeGreaterThan(5).doesNotHaveDuplicates();
  }

  /** Every element ends, in the order that they began in. */
  private static void assertWellFormed(String html) {
    Deque<String> open = new ArrayDeque<>();
    Matcher tags =
        Pattern.compile("<(/?)([a-z][a-z0-9]*)((?: [a-z:A-Z-]+=\"[^\"<>]*\")*)>|<").matcher(html);
    int from = html.indexOf("<html");
    while (tags.find(from)) {
      assertThat(tags.group(2))
          .as(
              "a tag at %s",
              html.substring(tags.start(), Math.min(html.length(), tags.start() + 80)))
          .isNotNull();
      String tag = tags.group(2);
      if (tags.group(1).isEmpty()) {
        if (!List.of("meta", "input").contains(tag)) {
          open.addLast(tag);
        }
      } else {
        assertThat(open.removeLast()).isEqualTo(tag);
      }
      from = tags.end();
    }
    assertThat(open).isEmpty();
  }

  static List<Path> captures() {
    return Captures.small();
  }

  @ParameterizedTest
  @MethodSource("captures")
  void everyNumberOfACaptureIsOnThePage(Path capture) throws IOException {
    String html = report(0, capture);
    assertWellFormed(html);
    JsonNode shown = MAPPER.readTree(kho(0, "inspect", "--json", capture).out());
    for (String name : List.of("fdt", "root", "data", "start", "first")) {
      for (JsonNode address : shown.findValues(name)) {
        assertThat(html).contains("<code class=\"a\">" + address.asString() + "</code>");
      }
    }
    for (JsonNode session : shown.findValues("sessions")) {
      for (JsonNode one : session) {
        assertThat(html).contains(">" + one.path("name").asString() + "<");
      }
    }
    for (JsonNode token : shown.findValues("token")) {
      assertThat(html).contains(">0x" + Long.toHexString(token.asLong()) + "</code>");
    }
  }

  @Test
  void tellsWhatWasWritten() throws IOException {
    String told = kho(0, "report", Captures.small("jump-luo"), "-o", page).out();
    assertThat(told).startsWith(page + ": ").endsWith("; 0 errors, 0 warnings\n");
    JsonNode json =
        MAPPER.readTree(
            kho(0, "report", "--json", Captures.small("jump-luo"), "--force", "-o", page).out());
    assertThat(json.propertyNames())
        .containsExactly("schema", "path", "bytes", "errors", "warnings");
    assertThat(json.path("schema").asString()).isEqualTo("kho4j/report/1");
    assertThat(json.path("bytes").asLong()).isEqualTo(Files.size(page));
  }

  @Test
  void aSmallCaptureMakesASmallPageThatLoadsNothing() throws IOException {
    String html = report(0, Captures.small("jump-luo"));
    assertThat(html.length()).isLessThan(64 << 10);
    assertThat(html)
        .contains("default-src &#39;none&#39;")
        .doesNotContain("<script", "http:", "https:", "//", "@import", "src=")
        .contains("No errors", "None. Every rule that could be checked holds.");
  }

  @Test
  void theSameSourceMakesTheSamePageButForItsOrigin() throws IOException {
    assertThat(withoutOrigin(report(0, Captures.small("jump-luo"))))
        .isEqualTo(withoutOrigin(report(0, Captures.small("jump-luo"), "--force")));
  }

  private static String withoutOrigin(String html) {
    assertThat(html).containsOnlyOnce("<footer>");
    return html.substring(0, html.indexOf("<footer>"));
  }

  @Test
  void thePageSaysHowItCameAbout() throws Exception {
    Path source = Files.copy(Captures.small("jump-luo"), directory.resolve("a dump.zst"));
    Instant before = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    String html = report(0, source);
    String footer = html.substring(html.indexOf("<footer>"));
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(source));
    assertThat(footer)
        .contains("<dd>kho report &#39;" + source + "&#39; -o " + page + "</dd>")
        .contains("<dd>" + source + "</dd>", "<dd>" + HexFormat.of().formatHex(digest) + "</dd>")
        .contains("<dd>" + Version.line() + "</dd>");
    Matcher written = Pattern.compile("<dd>(\\d{4}-\\S+Z)</dd>").matcher(footer);
    assertThat(written.find()).isTrue();
    assertThat(Instant.parse(written.group(1))).isBetween(before, Instant.now());
  }

  @Test
  void aLargeFileHasNoDigest() throws IOException {
    Path ram = directory.resolve("ram");
    try (TestGuest guest = TestGuest.create(ram, 64 << 20)) {
      guest.session("vm");
    }
    try (FileChannel file = FileChannel.open(ram, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(4096), 1L << 30);
    }
    assertThat(report(0, ram)).contains("<dd>not computed: the file has more than 1 GiB</dd>");
  }

  @Test
  void namesOutOfASourceStayText() throws IOException {
    String html = report(1, HostileGuest.create(directory.resolve("ram")));
    assertWellFormed(html);
    assertThat(html)
        .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
        .contains("&#39;&quot;&gt;&lt;img src=x onerror=alert(1)&gt;")
        .contains("red \\x1b[31m", "invoice\\u202efdp.exe", "Linux 6.99&lt;b&gt;", "vfio&lt;br&gt;")
        .doesNotContain("<script", "<img", "<i>", "<b>6", "<br", "\u001b", "\u202e");
  }

  @Test
  void aFindingLeadsToItsRuleItsStructureAndItsPage() throws IOException {
    String html = report(1, HostileGuest.create(directory.resolve("ram")));
    String finding = html.substring(html.indexOf("<article id=\"h0f"));
    finding = finding.substring(0, finding.indexOf("</article>"));
    assertThat(html)
        .contains("<a href=\"#rule-OWN-001\">", "id=\"rule-OWN-001\"", "id=\"h0p2800000\"");
    assertThat(finding).contains(">structure</a>", ">in memory</a>", "A kernel: ");
  }

  @Test
  void bothHandoversOfARunningKernelAreShown() throws IOException {
    assertThat(report(0, Captures.small("gen2-running")))
        .contains(">Incoming</a>", ">Outgoing</a>", "consumed", "What could not be read")
        .contains("id=\"h0\"", "id=\"h1\"");
  }

  @Test
  void aRootThatCannotBeReadIsAFindingOnThePage() throws IOException {
    Path ram = directory.resolve("ram");
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("vm").memfd("vm", 7, 4096, new Placed(0, guest.folio(0x800000, 0, "a")));
    }
    String fdt =
        MAPPER
            .readTree(kho(0, "inspect", "--json", ram).out())
            .path("handovers")
            .path(0)
            .path("fdt")
            .asString();
    try (FileChannel file = FileChannel.open(ram, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {1}), Long.decode(fdt) + 8);
    }
    assertThat(report(1, ram, "--fdt", fdt)).contains("FDT-001").contains("1 error");
  }

  @Test
  void scratchIsInThePictureIfItIsKnown() throws IOException {
    Path ram = directory.resolve("ram");
    ByteBuffer array = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    try (TestGuest guest = TestGuest.create(ram, 64 << 20)) {
      guest.session("vm");
    }
    try (FileChannel file = FileChannel.open(ram, StandardOpenOption.WRITE)) {
      file.write(array.putLong(0x200000).putLong(0x200000).flip(), 0x3f00000);
    }
    assertThat(report(0, ram)).doesNotContain("class=\"o-scratch\"");
    assertThat(report(0, ram, "--force", "--scratch-array", "0x3f00000,16"))
        .contains("<path class=\"o-scratch\" d=\"M1 0h1\">", "scratch<b>2 MiB</b>");
  }

  @Test
  void foliosThatWereSweptTogetherAreInThePicture() throws IOException {
    Path ram = directory.resolve("ram");
    try (TestGuest guest = TestGuest.create(ram, 64 << 20)) {
      Placed[] folios = new Placed[200];
      for (int i = 0; i < folios.length; i++) {
        // Two runs, neither of which begins or ends with a word of the bitmaps.
        folios[i] =
            new Placed(i, guest.folio(0x2800000L + 4096L * (i < 90 ? i + 3 : i + 7), 0, "a"));
      }
      guest.session("vm").memfd("vm", 7, 200 * 4096L, folios);
    }
    assertThat(report(0, ram))
        .contains("memfd folios<b>800 KiB</b>")
        .contains(
            "<path class=\"o-memfd\" d=\"M3 0h61M0 1h29M33 1h31M0 2h64M0 3h15\">",
            "0x2803000, 360 KiB: /LUO/session &quot;vm&quot;/file 0x7/folio");
  }

  @Test
  void longListsAreCutButForWhatHasAFinding() throws IOException {
    Path ram = directory.resolve("ram");
    try (TestGuest guest = TestGuest.create(ram, 64 << 20)) {
      for (int session = 0; session < 20; session++) {
        guest.session("s" + session);
        for (int file = 0; file < 60; file++) {
          guest.file("s" + session, file, "other", 0);
        }
      }
      guest.file("s19", 1000, "memfd-v2", 0x2900000);
    }
    String html = report(1, ram);
    assertThat(html)
        .contains(">s15<", "and 2 more sessions", ">s19<", "and 60 more files", ">0x3e8</code>")
        .contains("This page shows the first 1,000 subtrees")
        .doesNotContain(">s17<");
    assertThat(html.length()).isLessThan(400 << 10);
  }

  @Test
  void thePageCanGoToStandardOutput() throws IOException {
    String out = kho(0, "report", Captures.small("jump-luo"), "-o", "-").out();
    assertThat(withoutOrigin(out)).isEqualTo(withoutOrigin(report(0, Captures.small("jump-luo"))));
    kho(2, "report", "--json", Captures.small("jump-luo"), "-o", "-");
  }

  @Test
  void aPageThatIsThereIsKeptAndNothingElseIsLeft() throws IOException {
    Files.writeString(page, "mine");
    ConsoleOfATest told = kho(2, "report", Captures.small("jump-luo"), "-o", page);
    assertThat(told.err()).isEqualTo("kho: " + page + ": exists; --force replaces it\n");
    assertThat(page).hasContent("mine");
    report(0, Captures.small("jump-luo"), "--force");
    try (Stream<Path> files = Files.list(outDirectory)) {
      assertThat(files).containsExactly(page);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(page)))
        .isEqualTo("rw-------");
  }

  @Test
  void noHandoverIsNoPage() throws IOException {
    Path empty = Files.write(directory.resolve("empty"), new byte[1 << 20]);
    assertThat(kho(2, "report", empty, "-o", page).err()).contains("no handover");
    assertThat(page).doesNotExist();
  }

  @Test
  void wantsAFile() {
    assertThat(kho(2, "report", Captures.EXAMPLE).err()).contains("--output");
    assertThat(kho(2, "report", Captures.EXAMPLE, "-o", "").err()).contains("-o needs");
  }
}
