package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.CoreFile;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.cli.captures.TestGuest.Placed;
import org.kho4j.files.MappedFile;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.handover.vmalloc.Descriptor;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class ExtractCommandTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path directory;
  private Path ram;
  private Path out;
  private Path outDirectory;

  @BeforeEach
  void nameFiles() throws IOException {
    ram = directory.resolve("ram");
    outDirectory = Files.createDirectory(directory.resolve("out"));
    out = outDirectory.resolve("file");
  }

  private void memfd(Placed... folios) throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("vm").memfd("vm", 7, 4096L * 4, folios);
    }
  }

  private List<Path> outFiles() throws IOException {
    try (Stream<Path> files = Files.list(outDirectory)) {
      return files.toList();
    }
  }

  /** The first byte of every page, a dot for 0. */
  private static String letters(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    StringBuilder letters = new StringBuilder();
    for (int at = 0; at < bytes.length; at += 4096) {
      letters.append(bytes[at] == 0 ? '.' : (char) bytes[at]);
    }
    return letters.toString();
  }

  static Stream<Arguments> memfdsOfCaptures() throws IOException {
    Stream.Builder<Arguments> memfds = Stream.builder();
    for (Path capture : Captures.small()) {
      for (JsonNode sessions :
          MAPPER.readTree(Files.readString(Captures.facts(capture))).findValues("sessions")) {
        for (JsonNode session : sessions) {
          for (JsonNode file : session.path("files")) {
            memfds.add(
                Arguments.of(
                    capture,
                    session.path("name").asString(),
                    file.path("token").asLong(),
                    file.path("size").asLong(),
                    file.path("sha256").asString()));
          }
        }
      }
    }
    return memfds.build();
  }

  @ParameterizedTest
  @MethodSource("memfdsOfCaptures")
  void memfdsOfRealKernelsHaveWhatWasWrittenToThem(
      Path capture, String session, long token, long size, String sha256) throws Exception {
    JsonNode json =
        MAPPER.readTree(
            kho(
                    0,
                    "extract",
                    capture,
                    "--session",
                    session,
                    "--token",
                    token,
                    "-o",
                    out,
                    "--json",
                    "--sha256",
                    "--verify")
                .out());

    assertThat(json.path("bytes").asLong()).isEqualTo(size);
    assertThat(json.path("sha256").asString()).isEqualTo(sha256);
    assertThat(json.path("verified").asBoolean()).isTrue();
    assertThat(sha256(out)).isEqualTo(sha256);
  }

  /** In tmpfs, to read a page of a mapping that was left out allocates it. */
  @Test
  void whatIsReadBackStaysSparse() throws IOException {
    Path memory = Path.of("/dev/shm");
    assumeThat(memory).isDirectory().isWritable();
    assumeThat(Files.getFileStore(memory).type()).isEqualTo("tmpfs");
    Path zeros = Files.createTempDirectory(memory, "kho").resolve("trace");
    try {
      Path capture = Captures.small("jump-kho-test");
      kho(0, "extract", capture, "--reserve-mem", "trace", "-o", zeros, "--verify");
      List<Long> data = new ArrayList<>();
      try (MappedFile file = MappedFile.open(zeros)) {
        file.forEachData(0, file.size(), (offset, length) -> data.add(offset));
      }
      assertThat(data).singleElement().isNotEqualTo(0L);
    } finally {
      Files.deleteIfExists(zeros);
      Files.delete(zeros.getParent());
    }
  }

  private static String sha256(Path file) throws Exception {
    return HexFormat.of()
        .formatHex(
            java.security.MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }

  @Test
  void tellsWhatItWrote() throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      Folio folio = guest.folio(0x800000, 0, "a");
      guest.session("vm").memfd("vm", 0x3e6, 0x3000, new Placed(1, folio));
    }

    assertThat(kho(0, "extract", ram, "--session=vm", "--token=998", "-o", out).out())
        .isEqualTo(out + ": 12 KiB of /LUO/session \"vm\"/file 0x3e6, 4.0 KiB stored\n");
    assertThat(letters(out)).isEqualTo(".a.");

    JsonNode json =
        MAPPER.readTree(
            kho(0, "extract", ram, "--session=vm", "--token=998", "-o", out, "--force", "--json")
                .out());
    assertThat(json.toString().replaceAll("\"fdt\":\"0x[0-9a-f]+\"", "FDT"))
        .isEqualTo(
            ("{'schema':'kho4j/extract/1','handover':{FDT,'role':'outgoing'},"
                    + "'what':'/LUO/session \\'vm\\'/file 0x3e6','path':'"
                    + out
                    + "','bytes':12288,"
                    + "'holes':8192,'stored':4097,'verified':false,'absentBytes':0,'absent':[]}")
                .replace('\'', '"')
                .replace("\\\"", "\\\""));
  }

  @Test
  void aMemfdBeyond4GibIsSparse() throws Exception {
    try (TestGuest guest = TestGuest.create(ram, 64 << 20)) {
      Folio small = guest.folio(0x800000, 0, "s");
      Folio large = guest.folio(0xa00000, 9, "L");
      guest
          .session("vm")
          .memfd(
              "vm",
              1,
              (5L << 30) + 5,
              new Placed(0, large),
              new Placed(3 << 18, small),
              new Placed((5L << 18), guest.folio(0x900000, 0, "end..")));
    }

    kho(0, "extract", ram, "--session=vm", "--token=1", "-o", out, "--verify");

    assertThat(out).hasSize((5L << 30) + 5);
    try (var channel = Files.newByteChannel(out)) {
      assertThat(at(channel, 0)).startsWith("L");
      assertThat(at(channel, 511 * 4096)).startsWith("L");
      assertThat(at(channel, 3L << 30)).startsWith("s");
      assertThat(at(channel, 5L << 30)).isEqualTo("end..");
    }
    Process du = new ProcessBuilder("du", "-k", out.toString()).start();
    String kib =
        new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .replaceFirst("\\D.*\\s*", "");
    assertThat(Integer.parseInt(kib)).isBetween(2056, 4096);
  }

  private static String at(java.nio.channels.SeekableByteChannel channel, long offset)
      throws IOException {
    java.nio.ByteBuffer buffer = java.nio.ByteBuffer.allocate(8);
    channel.position(offset).read(buffer);
    return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
  }

  @Test
  void writesBlobsReservationsAndVmallocAreas() throws IOException {
    Descriptor descriptor;
    long described;
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      Folio blob = guest.generation().addBlob("mine", 5);
      guest.put(blob.address(), "hello, and more");
      guest.generation().allocateAt(0x900000, 1);
      guest.put(0x900000, "r").put(0x901000, "r");
      ReserveMemSaver.save(guest.generation(), List.of(new ReserveMem("trace", 0x900000, 0x2000)));
      Folio one = guest.generation().allocateAt(0xa03000, 0);
      Folio two = guest.generation().allocateAt(0xa01000, 0);
      guest.put(0xa03000, "1").put(0xa01000, "2");
      OwnedArea area = guest.generation().areaOf(List.of(one, two));
      descriptor = guest.generation().preserve(area);
      Folio owner = guest.folio(0xb00000, 0, "");
      described = owner.address() + 40;
      descriptor.writeTo(guest.generation().segment(owner).asSlice(40, 16));
    }

    kho(0, "extract", ram, "--subtree", "mine", "-o", out);
    assertThat(out).hasContent("hello");
    kho(0, "extract", ram, "--reserve-mem", "trace", "-o", out, "--force");
    assertThat(letters(out)).isEqualTo("rr");
    assertThat(
            kho(
                    0,
                    "extract",
                    ram,
                    "--vmalloc",
                    "0x" + Long.toHexString(described),
                    "-o",
                    out,
                    "--force")
                .out())
        .contains("8 KiB of /vmalloc 0xb00028");
    assertThat(letters(out)).isEqualTo("12");
  }

  @Test
  void zerosAreHolesUnlessTheyAreWanted() throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      Folio zeros = guest.folio(0x800000, 4, "");
      guest.session("vm").memfd("vm", 1, 1 << 20, new Placed(0, zeros));
    }

    String sparse = kho(0, "extract", ram, "--session=vm", "--token=1", "-o", out).out();
    assertThat(sparse).contains("1 MiB of").contains("1 B stored");
    byte[] bytes = Files.readAllBytes(out);
    String full =
        kho(0, "extract", ram, "--session=vm", "--token=1", "-o", out, "--force", "--no-sparse")
            .out();
    assertThat(full).doesNotContain("stored");
    assertThat(Files.readAllBytes(out)).isEqualTo(bytes).hasSize(1 << 20).containsOnly(0);
  }

  @Test
  void standardOutputGetsTheBytesAndNothingElse() throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      Folio folio = guest.folio(0x800000, 0, "abc");
      guest.session("vm").memfd("vm", 1, 4099, new Placed(1, folio));
    }

    ConsoleOfATest pipe =
        kho(0, "extract", ram, "--session=vm", "--token=1", "-o", "-", "--sha256");
    assertThat(pipe.out()).isEqualTo("\0".repeat(4096) + "abc");
    assertThat(pipe.err()).matches("kho: sha256 [0-9a-f]{64}\n");
  }

  /** The same RAM as an ELF core without some of its pages. */
  private Path without(long... pages) throws IOException {
    Path core = directory.resolve("core");
    try (PhysicalMemory memory = MemoryImages.open(ram)) {
      List<CoreFile.Run> runs = new java.util.ArrayList<>();
      long from = 0;
      for (long page : pages) {
        runs.add(new CoreFile.Run(from, page - from));
        from = page + 4096;
      }
      runs.add(new CoreFile.Run(from, (16 << 20) - from));
      CoreFile.write(core, memory, runs, new byte[0]);
    }
    return core;
  }

  @Test
  void aPageThatIsAbsentEndsItAndNothingIsLeft() throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("vm").memfd("vm", 1, 0x4000, new Placed(0, guest.folio(0x800000, 2, "a")));
    }

    String sentence =
        kho(2, "extract", without(0x802000), "--session=vm", "--token=1", "-o", out).err();

    assertThat(sentence)
        .startsWith("kho: /LUO/session \"vm\"/file 0x1 at 0x802000: offset 0x2000 cannot be read: ")
        .contains("no memory at 0x802000");
    assertThat(outFiles()).isEmpty();
  }

  @Test
  void absentPagesBecomeZerosOnDemandAndAreListed() throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("vm").memfd("vm", 1, 0x4000, new Placed(0, guest.folio(0x800000, 2, "a")));
    }

    ConsoleOfATest pipe =
        kho(
            1,
            "extract",
            without(0x801000, 0x802000),
            "--session=vm",
            "--token=1",
            "-o",
            out,
            "--allow-absent",
            "--verify",
            "--json");

    assertThat(letters(out)).isEqualTo("a..a");
    assertThat(pipe.err())
        .isEqualTo(
            """
            kho: 8 KiB of it cannot be read in the image, and zeros stand there:
            kho:   offset 0x1000, physical address 0x801000, 8 KiB
            """);
    assertThat(MAPPER.readTree(pipe.out()).path("absent").toString())
        .isEqualTo("[{\"offset\":4096,\"address\":\"0x801000\",\"bytes\":8192}]");
  }

  @Test
  void onlyTheOwnerCanReadIt() throws IOException {
    memfd();
    kho(0, "extract", ram, "--session=vm", "--token=7", "-o", out);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out)))
        .isEqualTo("rw-------");
  }

  @Test
  void whatIsThereIsKept() throws IOException {
    memfd();
    Files.writeString(out, "precious");
    assertThat(kho(2, "extract", ram, "--session=vm", "--token=7", "-o", out).err())
        .isEqualTo("kho: " + out + ": exists; --force replaces it\n");
    assertThat(out).hasContent("precious");

    kho(0, "extract", ram, "--session=vm", "--token=7", "-o", out, "--force");
    assertThat(letters(out)).isEqualTo("....");
    assertThat(outFiles()).containsExactly(out);
  }

  @Test
  void whatIsReadIsNotOfferedToForce() throws IOException {
    memfd();
    assertThat(kho(2, "extract", ram, "--session=vm", "--token=7", "-o", ram).err())
        .isEqualTo("kho: " + ram + ": is read by this command, so it is not replaced\n");
  }

  @Test
  void linksAreNotFollowed() throws IOException {
    memfd();
    Path precious = Files.writeString(directory.resolve("precious"), "precious");
    Files.createSymbolicLink(out, precious);
    assertThat(kho(2, "extract", ram, "--session=vm", "--token=7", "-o", out).err())
        .contains("exists; --force replaces it");

    kho(0, "extract", ram, "--session=vm", "--token=7", "-o", out, "--force");
    assertThat(Files.isRegularFile(out, LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertThat(precious).hasContent("precious");

    Path dangling = Files.createSymbolicLink(outDirectory.resolve("d"), directory.resolve("new"));
    kho(2, "extract", ram, "--session=vm", "--token=7", "-o", dangling);
    assertThat(directory.resolve("new")).doesNotExist();
  }

  /** The kernel restores such a page for the first folio only: verify says so. */
  @Test
  void aPageThatFoliosShareIsWrittenForEachOfThem() throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      Folio shared = guest.folio(0x800000, 0, "shared");
      guest.session("vm").memfd("vm", 7, 0x2000, new Placed(0, shared), new Placed(1, shared));
    }

    kho(0, "extract", ram, "--session=vm", "--token=7", "-o", out, "--verify");
    byte[] written = Files.readAllBytes(out);
    assertThat(written).hasSize(0x2000).startsWith("shared".getBytes(StandardCharsets.US_ASCII));
    assertThat(Arrays.copyOfRange(written, 0x1000, 0x2000))
        .isEqualTo(Arrays.copyOfRange(written, 0, 0x1000));
    assertThat(kho(1, "verify", ram).out()).contains("OWN-001");
  }

  @Test
  void theSourceIsNotReplaced() throws IOException {
    memfd();
    assertThat(kho(2, "extract", ram, "--session=vm", "--token=7", "-o", ram, "--force").err())
        .isEqualTo("kho: " + ram + ": is read by this command, so it is not replaced\n");
  }

  @Test
  void outputsThatCannotBeAreExplained() throws IOException {
    memfd();
    assertThat(kho(2, "extract", ram, "--session=vm", "--token=7", "-o", outDirectory).err())
        .isEqualTo("kho: " + outDirectory + ": is a directory\n");
    assertThat(
            kho(2, "extract", ram, "--session=vm", "--token=7", "-o", directory.resolve("no/file"))
                .err())
        .isEqualTo("kho: " + directory.resolve("no") + ": no such directory\n");
    assertThat(
            kho(2, "extract", ram, "--session=vm", "--token=7", "-o", "/dev/null", "--force").err())
        .contains("/dev/null: is not a regular file, so it is not replaced");
  }

  @Test
  void aFailureWhileWritingLeavesTheOldFile() throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("vm").memfd("vm", 1, 0x4000, new Placed(0, guest.folio(0x800000, 2, "a")));
    }
    Files.writeString(out, "precious");
    kho(2, "extract", without(0x803000), "--session=vm", "--token=1", "-o", out, "--force");
    assertThat(out).hasContent("precious");
    assertThat(outFiles()).containsExactly(out);
  }

  @Test
  void twoFilesOfOneTokenAreAmbiguous() throws IOException {
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("vm").memfd("vm", 7, 0).memfd("vm", 7, 0);
    }
    assertThat(kho(2, "extract", ram, "--session=vm", "--token=7", "-o", out).err())
        .contains("/LUO/session \"vm\"/file 0x7 at 0x")
        .contains("another file also has this token");
  }

  @Test
  void theOutgoingHandoverIsTheDefault() throws IOException {
    Path capture = Captures.small("gen2-running");
    assertThat(fdt(capture)).isEqualTo("0x8f6000");
    assertThat(fdt(capture, "--role=outgoing")).isEqualTo("0x8f6000");
    assertThat(fdt(capture, "--role=incoming")).isEqualTo("0x4f0000");
    assertThat(fdt(capture, "--fdt=0x4f0000")).isEqualTo("0x4f0000");
  }

  /** The page of the old LUO has part of a program by now. */
  @Test
  void aPartOfATakenHandoverMayBeReused() throws IOException {
    Path capture = Captures.small("gen2-running");
    String evidence = "its kexec count is 1, and that of the outgoing handover at 0x8f6000 is 2";

    ConsoleOfATest extracted =
        kho(0, "extract", capture, "--role=incoming", "--subtree=LUO", "-o", out, "--json");

    assertThat(extracted.err())
        .contains("a kernel has taken the handover at 0x4f0000, and may have reused", evidence);
    assertThat(MAPPER.readTree(extracted.out()).at("/handover/taken").asString())
        .isEqualTo(evidence);
    assertThat(kho(0, "extract", capture, "--subtree=LUO", "-o", out, "--force").err())
        .doesNotContain("taken");
  }

  private String fdt(Path capture, String... more) throws IOException {
    Stream<Object> line =
        Stream.of("extract", capture, "--subtree=memblock", "-o", out, "--force", "--json");
    return MAPPER
        .readTree(kho(0, Stream.concat(line, Stream.of(more)).toArray()).out())
        .path("handover")
        .path("fdt")
        .asString();
  }
}
