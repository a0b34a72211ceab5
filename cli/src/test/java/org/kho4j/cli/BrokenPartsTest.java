package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;

/** One broken part of a capture: no command says more of the rest than the bytes do. */
class BrokenPartsTest {

  private static final String KERNELS = "src/test/resources/org/kho4j/cli/preflight/kernels/";
  private static final String KERNEL = KERNELS + "7.3.json";
  private static final String CMDLINE = "kho=on liveupdate=on reserve_mem=1M:4096:trace";

  /**
   * In {@code jump-luo}: LUO's head, sessions, a file, its memfd, an FLB, kho_test's data, the
   * token of another session's second file, the version, memblock's preserved-data, LUO's
   * blob-size, the map, and the root FDT's page in it.
   */
  private static final int HEAD = 0x698000;

  private static final int SESSION_FILES = 0x778050;
  private static final int SESSION_NAME = 0x778060;
  private static final int SESSIONS_NEXT = 0x778000;
  private static final int FLBS = 0x698018;
  private static final int FLB_NAME = 0x699010;
  private static final int RESERVATION_SIZE = 0x69c0a8;
  private static final int ROOT_SIZE = 0x512004;
  private static final int SESSIONS_COUNT = 0x778008;
  private static final int FIRST_SESSION = 0x778010;
  private static final int RELEASE = 0x518004;
  private static final int HANDLER = 0x772010;
  private static final int FILE_DATA = 0x772040;
  private static final int MEMFD_SIZE = 0x771008;
  private static final int TOTAL_PAGES = 0x771028;
  private static final int FOLIOS = 0x771020;
  private static final int FOLIO = 0x77c000;
  private static final int NR_FOLIOS = 0x55a088;
  private static final int SECOND_TOKEN = 0x59c088;
  private static final int VERSION = 0x512051;
  private static final int MEMBLOCK_DATA = 0x512098;
  private static final int LUO_SIZE = 0x5120b8;
  private static final int MEMBLOCK_SIZE = 0x512084;
  private static final int METADATA_SIZE = 0x512134;
  private static final int MAP_POINTER = 0x512060;
  private static final int MAP = 0x511000;
  private static final int ROOT_IN_LEAF = 0x517000 + 0x512 / Byte.SIZE;
  private static final int ROOT_BIT = 1 << 0x512 % Byte.SIZE;

  @TempDir private Path directory;
  private Path sound;

  @BeforeEach
  void unpack() throws IOException {
    sound = directory.resolve("sound");
    Captures.writeBeginning(sound);
  }

  private Path patched(int address, byte... bytes) throws IOException {
    byte[] memory = Files.readAllBytes(sound);
    System.arraycopy(bytes, 0, memory, address, bytes.length);
    return Files.write(directory.resolve("patched"), memory);
  }

  private Path patched(int address, long value) throws IOException {
    return patched(
        address,
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  /** All 512 MiB: without them, the map is broken as well. */
  private Path patchedWhole(int address, byte... bytes) throws IOException {
    return patchedWhole(Captures.small("jump-luo"), address, bytes);
  }

  private Path patchedWhole(Path capture, int address, byte... bytes) throws IOException {
    return Captures.copyPatched(capture, directory.resolve("whole"), address, bytes);
  }

  /** The path and the address that verify has. */
  @Test
  void inspectNamesTheEntryOfABrokenFolio() throws IOException {
    String place = "/LUO/session \"kexec_multi_state\"/file 0x3e6/folio 0 at 0x77c000: ";
    Path unpreserved = patchedWhole(FOLIO, new byte[] {0x11, 0x05});
    assertThat(kho(0, "inspect", unpreserved).out()).contains("error " + place + "the folio of ");
    assertThat(kho(1, "verify", unpreserved).out()).contains(place + "the folio of ");

    Files.delete(unpreserved);
    Path beyond = patchedWhole(FOLIO + 8, new byte[] {7});
    String sentence = place + "index is 7, but the number of the file's pages is 1";
    assertThat(kho(0, "inspect", beyond).out()).contains("error " + sentence);
    assertThat(kho(1, "verify", beyond).out()).contains(sentence);
  }

  @Test
  void inspectCountsTheEntriesWithoutAFolio() throws IOException {
    assertThat(kho(0, "inspect", patched(FOLIO, 0)).out())
        .contains("0x3e6 memfd-v2: 4 KiB in 0 folios, 1 entry has no folio");
  }

  @Test
  void aFolioListThatIsTooLargeIsNamedByItsFirstChunk() throws IOException {
    byte[] descriptor = {0xe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40};

    assertThat(kho(0, "inspect", patched(FOLIOS, descriptor)).out())
        .contains("/file 0x3e6/folios/chunk 0 at 0xe: the address 0xe is not aligned")
        .doesNotContain("larger than the memory");
  }

  @Test
  void aBlobThatIsNoTreeHasOnePlace() throws IOException {
    Path broken = patched(0x69c03b, new byte[] {7});
    Matcher error =
        Pattern.compile("error (/memblock at 0x69c0\\w+: .*)")
            .matcher(kho(0, "inspect", broken).out());

    assertThat(error.find()).isTrue();
    assertThat(kho(1, "verify", broken).out()).contains("MEMBLOCK-001 " + error.group(1));
  }

  @Test
  void aBlobAtAddressZeroIsNamed() throws IOException {
    Path broken = patched(MEMBLOCK_DATA, 0);
    String sentence = "/memblock at 0x0: 210 bytes at 0x0 cannot be a blob";

    assertThat(kho(0, "inspect", broken).out()).contains("error " + sentence);
    assertThat(kho(1, "verify", broken).out()).contains("FDT-008     " + sentence);
  }

  @Test
  void anElementThatIsNotInMemoryIsNoStructure() throws IOException {
    long chunk =
        ByteBuffer.wrap(Files.readAllBytes(sound)).order(ByteOrder.LITTLE_ENDIAN).getLong(FOLIOS);

    assertThat(kho(0, "who", patched((int) chunk + 8, 0x20000000), "0x20000000").out())
        .contains("no RAM")
        .doesNotContain("structure ");
  }

  @Test
  void aChunkOfTwoAreasIsShownInEach() throws IOException {
    Path broken = patched(FOLIOS, 0x59b000);
    String chunk = "/LUO/session \"multi-test-files-1\"/file 0x1001/folios/chunk 0";

    assertThat(kho(0, "show", broken, chunk).out())
        .contains(chunk + ": kho_vmalloc_chunk at 0x59b000");
  }

  @Test
  void aFileWithoutDataIsNoMemfd() throws IOException {
    Path broken = patched(FILE_DATA, 0);

    assertThat(kho(0, "inspect", broken).out()).contains("data is 0: the file has no structure");
    assertThat(
            kho(
                    2,
                    "extract",
                    broken,
                    "--session",
                    "kexec_multi_state",
                    "--token",
                    "0x3e6",
                    "-o",
                    directory.resolve("out"))
                .err())
        .contains("data is 0: the file has no structure");
  }

  @Test
  void aBlobOfAnImpossibleSizeIsNamedByEveryCommand() throws IOException {
    Path broken = patched(LUO_SIZE, Long.MIN_VALUE + 32);
    String sentence = "/LUO at 0x698000: 9223372036854775840 bytes at 0x698000 cannot be a blob";

    assertThat(kho(0, "inspect", broken).out()).contains(sentence);
    assertThat(kho(1, "verify", broken).out()).contains("FDT-008     /LUO at 0x698000");
    assertThat(kho(1, "diff", broken, sound).out()).contains(sentence);
    assertThat(kho(1, "report", broken, "-o", directory.resolve("report.html")).err()).isEmpty();
    assertThat(Files.readString(directory.resolve("report.html")))
        .contains("9223372036854775840 bytes at 0x698000 cannot be a blob");
    assertThat(kho(1, "extract", broken, "--all", directory.resolve("all")).err())
        .contains(sentence);
    assertThat(kho(0, "who", broken, "0x698000").err()).isEmpty();
    assertThat(kho(0, "show", broken, "/").err()).isEmpty();
    assertThat(kho(1, "preflight", "--from", broken, "--to", KERNEL).err()).isEmpty();
  }

  /** Only kexec-metadata and memblock have versions of their own. */
  @Test
  void underANewerContractNothingElseIsDecoded() throws IOException {
    Path newer = patchedWhole(VERSION, "5".getBytes(StandardCharsets.US_ASCII));
    Path all = directory.resolve("all");

    String sentence = "/ at 0x512000: a newer contract: kho-v5";
    assertThat(kho(1, "extract", newer, "--all", all).err()).contains(sentence);
    try (Stream<Path> files = Files.list(all)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "index.json",
              "subtree-memblock",
              "reservation-trace",
              "subtree-LUO",
              "subtree-kho_test",
              "subtree-kexec-metadata");
    }
    String session = "kexec_multi_state";
    Path out = directory.resolve("out");
    assertThat(kho(2, "extract", newer, "--session", session, "--token", "0x3e6", "-o", out).err())
        .contains(sentence);
  }

  @Test
  void aBlobOfTwoSubtreesIsThatOfBoth() throws IOException {
    Path broken = patchedWhole(MEMBLOCK_DATA, Arrays.copyOf(new byte[] {0, (byte) 0x80, 0x69}, 8));

    assertThat(kho(1, "verify", broken).out())
        .contains("FDT-011     /LUO at 0x698000", "5 sessions, 4 files");
    assertThat(kho(0, "who", broken, "0x698010").out())
        .contains("blob /memblock", "blob /LUO, offset 0x10");
    assertThat(kho(0, "show", broken, "/LUO").out()).contains("luo_ser at 0x698000");
  }

  /** A record and an array of two regions, of which the second is in the first. */
  @Test
  void aDamagedScratchArrayIsCheckedWhoeverFindsItsRecord() throws IOException {
    ByteBuffer record = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
    record.putInt(8, 10).putInt(12, 32);
    record.putLong(16, 0x512000).putLong(24, 4096).putLong(32, 0x1001000).putLong(40, 32);
    ByteBuffer array = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
    array.putLong(0x2000000).putLong(0x2000000).putLong(0x3000000).putLong(0x800000);
    Path broken = patchedWhole(0x1000000, record.array());
    try (FileChannel file = FileChannel.open(broken, StandardOpenOption.WRITE)) {
      file.write(array.flip(), 0x1001000);
    }

    String finding = "SCRATCH-003 /scratch/region 1 at 0x3000000: ";
    assertThat(kho(1, "verify", broken).out()).contains(finding);
    assertThat(kho(1, "verify", broken, "--setup-data", "0x1000000").out()).contains(finding);
  }

  /** The kernel reads the tree by its own size. */
  @Test
  void aTreeInASmallerBlobIsReadByEveryCommand() throws IOException {
    Path small = patchedWhole(MEMBLOCK_SIZE, new byte[] {100});

    assertThat(kho(0, "verify", small).out())
        .contains("FDT-010     /memblock at 0x69c000: totalsize is 210, but blob-size is 100");
    assertThat(kho(0, "inspect", small).out())
        .contains("memblock at 0x69c000, 100 B: 1 reservation")
        .doesNotContain("error ");
    kho(0, "extract", small, "--reserve-mem", "trace", "-o", directory.resolve("trace"));
    assertThat(kho(0, "diff", sound, small, "--no-content").out()).contains("= reserve_mem trace");
    Path blob = directory.resolve("blob");
    assertThat(kho(1, "extract", small, "--subtree", "memblock", "-o", blob).err())
        .contains("/memblock at 0x69c000: totalsize is 210, but blob-size is 100");
    assertThat(Files.size(blob)).isEqualTo(100);
    assertThat(kho(1, "diff", Captures.small("jump-luo"), small).out())
        .contains("! B: /memblock at 0x69c000: totalsize is 210, but blob-size is 100");
    assertThat(kho(0, "preflight", "--from", small, "--to", KERNEL, "--cmdline", CMDLINE).out())
        .containsPattern("ok +memblock +memblock-v1, reserve-mem-v1");
  }

  /** The kernel ignores such a blob, whatever its bytes are. */
  @Test
  void shortMetadataAreDegradedAtAnySize() throws IOException {
    for (int size : List.of(72, 3)) {
      Path small = patchedWhole(METADATA_SIZE, new byte[] {(byte) size});
      assertThat(kho(1, "preflight", "--from", small, "--to", KERNEL, "--cmdline", CMDLINE).out())
          .startsWith("degraded: ")
          .contains("META-001 at /kexec-metadata, 0x518000: the blob has " + size + " bytes");
      Files.delete(small);
    }
  }

  @Test
  void aBrokenSessionHidesNoPartFromPreflight() throws IOException {
    String kernel = KERNELS + "memfd-swapped.json";

    assertThat(kho(1, "preflight", "--from", patched(SESSION_FILES, 0), "--to", kernel).out())
        .contains(" memfd           memfd-v2", " flb             liveupdate-test-flb-v0");
  }

  @Test
  void aPreservedPageOutsideOfMemoryIsPreserved() {
    assertThat(kho(1, "verify", sound).out()).contains("MAP-008").doesNotContain("MEMBLOCK-005");
  }

  /** The bit of the root FDT's page, cleared in its leaf of the map. */
  @Test
  void aMapWithoutTheRootsPageIsReadAllTheSame() throws IOException {
    byte[] leaf = Arrays.copyOfRange(Files.readAllBytes(sound), ROOT_IN_LEAF, ROOT_IN_LEAF + 1);
    Path without = patched(ROOT_IN_LEAF, new byte[] {(byte) (leaf[0] & ~ROOT_BIT)});

    assertThat(kho(1, "inspect", without).out())
        .contains("1.4 MiB in 35 blocks, 32 nodes, damaged", "it does not preserve the root FDT's")
        .doesNotContain("the map cannot be read");
    assertThat(kho(0, "who", without, "0x698000", "0x512000").out())
        .contains("in the block of order 0 at 0x698000", "preserved  no");
    assertThat(kho(1, "diff", sound, without).out())
        .contains("~ state intact → damaged", "~ blocks 36 → 35")
        .contains("! B: /preserved-memory-map at 0x511000: with pages of 4K, it does not preserve")
        .doesNotContain("only the preserved map has the size of its folios");
    assertThat(kho(1, "verify", without).out()).contains("FDT-012").contains("32 map nodes");
  }

  /** A folio of one memfd that is also one of another. */
  @Test
  void aSharedPageIsLostToItsSecondOwnerAlone() throws IOException {
    Path shared = patchedWhole(FOLIO, new byte[] {(byte) 0xe1, 0x18});

    assertThat(kho(1, "verify", shared).out())
        .contains(
            "OWN-001     /LUO/session \"multi-test-files-1\"/file 0x1001/folio 0 at 0x18e1000");
    assertThat(kho(1, "preflight", "--from", shared, "--to", KERNEL).out())
        .containsPattern("unreachable +memfd ")
        .doesNotContainPattern("(lost|unreachable) +(kho|memblock|luo) ");
  }

  /** Two files have one path: an address is in the one whose folio has it. */
  @Test
  void whoKnowsFilesOfOneToken() throws IOException {
    Path same = patchedWhole(SECOND_TOKEN, new byte[] {2, 0x20});

    assertThat(kho(1, "verify", same).out()).contains("LUO-011");
    assertThat(kho(0, "who", same, "0x18e5010").out())
        .contains("content /LUO/session \"multi-test-files-2\"/file 0x2002, offset 0x10");
  }

  /** The second folio of systemd's memfd is its first one, too. */
  @Test
  void whoHasAPageOfTwoFoliosTwice() throws IOException {
    Path twice =
        patchedWhole(
            Captures.small("systemd-262-jump"), 0xa2ef010, new byte[] {(byte) 0xcd, (byte) 0x83});

    assertThat(kho(1, "verify", twice).out())
        .contains("page 0x83cd000 has two owners", "file 0x1/folio 0, and", "file 0x1/folio 1");
    assertThat(kho(0, "who", twice, "0x83cd010").out())
        .containsOnlyOnce("file 0x1, offset 0x10\n")
        .containsOnlyOnce("file 0x1, offset 0x1010\n");
  }

  /** A session whose list of files breaks off. */
  @Test
  void whoKnowsTheFilesOfOtherSessions() throws IOException {
    assertThat(kho(0, "who", patchedWhole(SESSION_FILES, new byte[] {1}), "0x18e1123").out())
        .contains("file 0x1001, offset 0x123");
  }

  @Test
  void whoSaysWhatIsBehindTheEndOfItsOwner() {
    assertThat(kho(0, "who", sound, "0x69c0d1", "0x69c0d2", "0x512fff", "0x771fff").out())
        .containsSubsequence(
            "owner      blob /memblock, offset 0xd1\n",
            "owner      blob /memblock, behind its end\n",
            "owner      root FDT /, behind its end\n",
            "owner      structure /LUO/session \"kexec_multi_state\"/file 0x3e6, behind its end\n");
  }

  @Test
  void emptyEntriesOfKhoTestOwnNothing() throws IOException {
    Path empty = patchedWhole(NR_FOLIOS, new byte[] {9});

    assertThat(kho(1, "verify", empty).out())
        .contains("TEST-004    /kho_test/data/folio 8 at 0x5b8040: its entry is 0")
        .doesNotContain("OWN-001", "at 0x0:");
    assertThat(kho(0, "who", empty, "0").out()).contains("owner      nobody");
    assertThat(kho(1, "preflight", "--from", empty, "--to", KERNEL).out())
        .containsPattern("lost +kho_test ")
        .doesNotContainPattern("lost +(kho|luo|memfd) ");
  }

  @Test
  void oneFilesListIsNoOtherFilesFault() throws IOException {
    assertThat(kho(0, "inspect", patched(TOTAL_PAGES, new byte[] {0, 0, 0, 1})).out())
        .contains("file 0x3e6 at 0x771000: its folio list of 68,719,476,736 bytes is larger")
        .doesNotContain("error /LUO/session \"multi-test")
        .contains("0x1001 memfd-v2: 4 KiB in 1 folio: 1 × 4 KiB");
  }

  /** The memfd and the area of its folios; in a directory, two items with one fault. */
  @Test
  void aFaultThatItemsShareIsNotedOnce() throws IOException {
    Path broken = patched(TOTAL_PAGES, new byte[] {2, 0, 0, 0});
    Path target = directory.resolve("all");

    assertThat(kho(1, "extract", broken, "--all", target).err())
        .containsOnlyOnce("the chain ends after 1 of 2 blocks of total_pages");
    assertThat(Files.readString(target.resolve("index.json"))).contains("\"problems\" : ");
  }

  /** An hour's zeros have no digest. */
  @Test
  void aHoleBeyondAllFilesIsNotReadByteByByte() throws IOException {
    Path huge = patched(MEMFD_SIZE, 1L << 62);
    Path target = directory.resolve("all");

    assertThat(kho(1, "diff", sound, huge).out())
        .contains(
            "? B not compared: /LUO/session \"kexec_multi_state\"/file 0x3e6 at 0x771000: 4.0 EiB of"
                + " it are holes, and at most 4 GiB of holes of a handover are hashed");
    kho(1, "extract", huge, "--all", target);
    assertThat(Files.readString(target.resolve("index.json")))
        .contains("not written: its ", "multi-test-files-2");
  }

  /** A list of bitmaps reads in every page size: only the root FDT's page tells a wrong one. */
  @Test
  void anotherPageSizeIsNoDamage() {
    Path vector = Captures.vectors().getFirst().resolveSibling("linux-7.0-64k.elf.zst").normalize();

    assertThat(kho(0, "inspect", vector).out()).contains("pages of 64 KiB");
    for (String size : List.of("4K", "16K")) {
      assertThat(kho(2, "inspect", vector, "--page-size", size).err())
          .contains("0x80000000", "have 64K: with this size, the preserved map has the root FDT's");
    }
  }

  /** What such a map does not say was overwritten: it says nothing at all. */
  @Test
  void aMapOfZerosIsNotRead() throws IOException {
    assertThat(kho(1, "inspect", patched(MAP, new byte[4096])).out())
        .contains("preserved map at 0x511000: cannot be read", "does not preserve the root FDT's")
        .doesNotContain("0 blocks");
  }

  /** A chunk of kho-v1 has another form: the address is the map's, not the root FDT's. */
  @Test
  void aMapThatCannotBeReadIsNamedByItsAddress() throws IOException {
    assertThat(kho(1, "diff", sound, patched(VERSION, new byte[] {'1'})).out())
        .contains("! B: /preserved-memory-map at 0x511000: the map cannot be read: ");
  }

  @Test
  void whatIsNewerIsNotLost() throws IOException {
    Path newerLuo = patched(HEAD, "luo-v6".getBytes(StandardCharsets.US_ASCII));
    assertThat(kho(1, "diff", sound, newerLuo).out())
        .contains("  ? session ", "~ contract known → a newer contract: luo-v6", "  ~ content ")
        .doesNotContain("nothing →")
        .doesNotContain("- session", " lost");

    Path newerMemfd = patched(HANDLER, "memfd-v3".getBytes(StandardCharsets.US_ASCII));
    assertThat(kho(0, "inspect", newerMemfd, "--json").out())
        .contains("\"newer\" : [", "\"message\" : \"a newer contract: memfd-v3\"");
    assertThat(
            kho(
                    2,
                    "extract",
                    newerMemfd,
                    "--session=kexec_multi_state",
                    "--token=0x3e6",
                    "-o",
                    directory.resolve("memfd"))
                .err())
        .contains("file 0x3e6 at 0x772010: a newer contract: memfd-v3");
    kho(1, "extract", newerMemfd, "--all", directory.resolve("all"));
    assertThat(Files.readString(directory.resolve("all/index.json")))
        .contains("file 0x3e6 at 0x772010: a newer contract: memfd-v3")
        .doesNotContain("only memfds");

    Path newerKho = patched(VERSION, new byte[] {'5'});
    assertThat(kho(1, "diff", sound, newerKho).out())
        .contains("~ version kho-v4 → kho-v5", "  ~ state intact → newer", "? reserve_mem trace")
        .contains("\n? subtree memblock", "\n? subtree LUO", "\n? subtree kho_test")
        .doesNotContain(" lost", "nothing", "~ size", "~ content");
    assertThat(kho(1, "diff", newerKho, sound).out())
        .contains("? reserve_mem trace")
        .doesNotContain(" added", "nothing → 7.3.4");
    assertThat(kho(0, "who", newerKho, "0x512000").out())
        .contains(
            "the map of a version that kho does not know was not read", "owner      not known");
  }

  /** What changes under a newer contract is still seen in the bytes. */
  @Test
  void aBlobUnderANewerContractIsComparedByItsBytes() throws IOException {
    Path newer = patched(VERSION, new byte[] {'5'});
    try (FileChannel file = FileChannel.open(newer, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap("luo-v6".getBytes(StandardCharsets.US_ASCII)), HEAD);
    }

    assertThat(kho(1, "diff", sound, newer).out())
        .contains("\n? subtree memblock", "\n~ subtree LUO\n  ~ content 6663493795b8… → ")
        .doesNotContain("nothing");
  }

  @Test
  void aSumOfWhatCouldBeReadIsALowerBound() throws IOException {
    assertThat(kho(0, "inspect", sound).out()).contains("in all 5 sessions, 4 files");
    assertThat(kho(0, "inspect", patched(SESSIONS_NEXT, 0x1fL)).out())
        .contains("at least 5 sessions, 4 files")
        .doesNotContain("in all");
  }

  /** The kernel cuts the name off, and reads the other sessions. */
  @Test
  void aNameWithoutANulEndsNoList() throws IOException {
    String cut = "A".repeat(63);
    Path broken = patched(SESSION_NAME, (cut + "A").getBytes(StandardCharsets.US_ASCII));
    Path target = directory.resolve("all");

    String inspected = kho(0, "inspect", broken).out();
    assertThat(inspected)
        .contains("session " + cut, "session multi-test-files-2, 2 files", "has no NUL within its")
        .doesNotContain("session " + cut + "A");
    assertThat(kho(1, "diff", sound, broken).out())
        .contains(
            "- session multi-test-empty-1", "+ session " + cut, "? session multi-test-files-2")
        .contains("has no NUL within its 64 bytes");
    kho(1, "extract", broken, "--all", target);
    assertThat(Files.readString(target.resolve("index.json")))
        .contains("multi-test-files-2", "name has no NUL within its 64 bytes");
    assertThat(kho(1, "verify", broken).out()).contains("LUO-005").contains("4 files");
  }

  @Test
  void aNameOfAnFlbWithoutANulEndsNoList() throws IOException {
    Path broken = patched(FLB_NAME, "B".repeat(48).getBytes(StandardCharsets.US_ASCII));

    assertThat(kho(0, "inspect", broken).out())
        .contains("flb " + "B".repeat(47) + ",", "flb liveupdate-test-flb-v2");
  }

  private static String preflight(int exit, Path source) {
    return kho(exit, "preflight", "--from", source, "--to", KERNEL, "--cmdline", CMDLINE).out();
  }

  @Test
  void aFileWhoseHandlerHasNoName() throws IOException {
    Path nameless = patchedWhole(HANDLER, new byte[48]);
    Path document = directory.resolve("document");
    String inspected = kho(0, "inspect", nameless, "--json").out();
    Files.writeString(document, inspected);

    assertThat(kho(0, "inspect", nameless).out()).contains("· 0x3e6 (no name), data 0x771000");
    assertThat(
            kho(
                    2,
                    "extract",
                    nameless,
                    "--session=kexec_multi_state",
                    "--token=0x3e6",
                    "-o",
                    directory.resolve("out"))
                .err())
        .contains("its handler has no name");
    assertThat(preflight(1, nameless))
        .containsPattern("unreachable +luo +luo-v5\n +LUO-009 ")
        .doesNotContainPattern("unreachable +> ");
    assertThat(preflight(1, document))
        .containsPattern("unreachable +luo +luo-v5\n +the handler of a file has no name")
        .doesNotContainPattern("unreachable +> ");
  }

  @Test
  void anFlbAndASessionAndAReleaseWithoutAName() throws IOException {
    assertThat(kho(0, "inspect", patched(FLB_NAME, new byte[48])).out())
        .contains("flb (no name), data");
    Path session = patched(FIRST_SESSION, new byte[64]);
    assertThat(kho(0, "inspect", session).out()).contains("session (no name), 1 file");
    assertThat(kho(2, "extract", session, "--session=x", "--token=1", "-o", "-").err())
        .contains("it has (no name), multi-test-empty-1");
    assertThat(kho(0, "inspect", patched(RELEASE, new byte[65])).out())
        .contains("73 B: Linux (no name), kexec 1");
  }

  @Test
  void anFlbWithoutANameIsNoPartOfItsOwn() throws IOException {
    assertThat(preflight(1, patchedWhole(FLB_NAME, new byte[48])))
        .startsWith("unreachable: ")
        .containsPattern("unreachable +flb .*\n +FLB-005 ")
        .doesNotContain("no string");
  }

  @Test
  void aReleaseThatIsEmptyIsLeftOut() throws IOException {
    assertThat(preflight(0, patchedWhole(RELEASE, new byte[65])))
        .containsPattern("ok: \\S+ to \\S+ \\(7\\.3");
  }

  @Test
  void showHasTheReasonsOfVerifyWhereNoStructureCanBeRead() throws IOException {
    assertThat(kho(2, "show", patched(FLBS, 0), "/LUO/flbs").err())
        .contains("that can be read has the path /LUO/flbs: FLB-001 at 0x698000: the address is 0");
    assertThat(kho(2, "show", patched(SESSIONS_NEXT, 0x1f), "/LUO/sessions/block 1").err())
        .contains("/LUO/sessions/block 1: BLOCK-001 at 0x1f: ");
    assertThat(kho(2, "show", sound, "/preserved-memory-map/leaf").err())
        .contains("/preserved-memory-map/leaf: MAP-008 at ", "; MAP-008 at ")
        .doesNotContain("Near it");
    assertThat(kho(2, "show", patched(MAP_POINTER, 0), "/preserved-memory-map").err())
        .contains("has the path /preserved-memory-map: FDT-006 at 0x512000: ");
    assertThat(
            kho(
                    2,
                    "show",
                    patched(TOTAL_PAGES, new byte[] {3, 0, 0, 0, 1, 0, 1, 0}),
                    "/LUO/session kexec_multi_state/file 0x3e6/folios/vmalloc block 0x77c000")
                .err())
        .contains("vmalloc block 0x77c000: VMALLOC-011 at 0x77c000: ");
  }

  @Test
  void oneMoreRunIsOne() throws IOException {
    assertThat(kho(1, "verify", patchedWhole(SESSIONS_COUNT, new byte[] {3})).out())
        .contains(", and 1 more run; ");
  }

  @Test
  void sentencesAreTrueAtTheirBounds() throws IOException {
    assertThat(kho(1, "verify", patched(MEMFD_SIZE, 1L << 63)).out())
        .contains("size is 9223372036854775808, not below 2^63");
    Path empty = patched(RESERVATION_SIZE, 0);
    String sentence = "\"trace\" at 0x69c000: 0x0 bytes at 0x1f100000 are not a possible range";
    assertThat(kho(0, "inspect", empty).out()).contains(sentence);
    assertThat(kho(1, "verify", empty).out()).contains(sentence);
  }

  @Test
  void aRootFdtThatCannotBeReadLeavesNothingToCheck() throws IOException {
    assertThat(kho(1, "verify", patched(ROOT_SIZE, new byte[] {0, 0, 1, (byte) 0x94})).out())
        .contains("error   FDT-001 ")
        .endsWith("1 error, 0 warnings; checked: nothing\n");
  }

  @Test
  void aDocumentHasThePlaceOfItsErrors() throws IOException {
    Path document = directory.resolve("document");
    String json = kho(0, "inspect", patchedWhole(SESSIONS_COUNT, new byte[1]), "--json").out();
    Files.writeString(document, json);

    assertThat(preflight(1, document))
        .contains("cannot be read: /LUO/sessions/block 0 at 0x778000: count is 0, not within 1 to");
  }

  @Test
  void numbersAreUnsigned() throws IOException {
    assertThat(kho(1, "diff", sound, patched(MEMFD_SIZE, 1L << 63)).out())
        .contains("size 4,096 → 9223372036854775808");
  }

  @Test
  void anEmptyEntryOfKhoTestIsNoFolio() throws IOException {
    assertThat(kho(0, "inspect", patched(NR_FOLIOS, new byte[] {8})).out())
        .contains("/kho_test/data/folio 7 at 0x5b8038: its entry is 0: there is no folio")
        .doesNotContain("checksum matches");
  }
}
