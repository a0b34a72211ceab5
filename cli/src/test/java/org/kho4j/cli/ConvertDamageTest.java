package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.CoreFile;
import org.kho4j.cli.captures.CoreFile.Run;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.files.LittleEndian;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memblock.ReserveMemSaver;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code kho convert} of {@code jump-luo} without a page, or with other bytes. */
class ConvertDamageTest {

  private static final int PAGE = 4096;

  /** All of the structures and folios are below. */
  private static final int PRESENT = 32 << 20;

  private static final int RAM = 512 << 20;

  /** The leaf of the map with the blocks of order 0. */
  private static final int LEAF = 0x517000;

  private static final int VERSION = 0x51204c;
  private static final int SESSION_NAME = 0x778010;
  private static final int MEMBLOCK_SIZE = 0x512084;
  private static final int MEMBLOCK_BLOB = 0x512098;
  private static final long MEMBLOCK = 0x69c000;

  /** Where the memory of its reservation begins. */
  private static final long RESERVATION = 0x1f100000;

  @TempDir private Path directory;
  private Path whole;
  private Path converted;

  @BeforeEach
  void unpack() {
    whole = Captures.small("jump-luo");
    converted = directory.resolve("converted");
  }

  private Path without(long page) throws IOException {
    Path core = directory.resolve("core");
    long behind = page + PAGE;
    List<Run> runs =
        List.of(
            new Run(0, page),
            new Run(page, 0, PAGE),
            new Run(behind, PRESENT - behind),
            new Run(PRESENT, 0, RAM - PRESENT));
    try (PhysicalMemory memory = MemoryImages.open(whole)) {
      CoreFile.write(core, memory, runs, new byte[0]);
    }
    return core;
  }

  /** A core file of the capture's first part, and of other ranges. */
  private Path core(Run... others) throws IOException {
    List<Run> runs = new ArrayList<>(List.of(new Run(0, PRESENT)));
    runs.addAll(List.of(others));
    Path core = directory.resolve("core");
    try (PhysicalMemory memory = MemoryImages.open(whole)) {
      CoreFile.write(core, memory, runs, new byte[0]);
    }
    return core;
  }

  private Path patched(Path source, int address, byte[] bytes) throws IOException {
    return Captures.copyPatched(source, directory.resolve("patched"), address, bytes);
  }

  private static byte[] number(long value) {
    return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }

  private String leftOut(Path source) {
    return kho(1, "convert", source, "--abi", "7.3", "-o", converted).err();
  }

  private String refusal(Path source) {
    return kho(2, "convert", source, "--abi", "7.3", "-o", converted).err();
  }

  /** In zeros, it would be another structure: a memfd of no bytes, for one. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "0x771000 | 7.3 7.1 6.19 6.18 | /LUO/session \"kexec_multi_state\"/file 0x3e6: the structure",
        "0x784000 | 7.3 7.1 6.19 6.18 | /LUO/session \"kexec_multi_state\"/file 0x3e6: /LUO/session \"kexec_multi_state\"/file 0x3e6/folios/chunk 0",
        "0x77c000 | 7.3 7.1 6.19 6.18 | /LUO/session \"kexec_multi_state\"/file 0x3e6: /LUO/session \"kexec_multi_state\"/file 0x3e6/folios",
        "0x772000 | 7.3 7.1 6.19 6.18 | /LUO/session \"kexec_multi_state\"/files: /LUO/session \"kexec_multi_state\"/files/block 0",
        "0x778000 | 7.3 7.1 6.19 6.18 | /LUO/sessions: /LUO/sessions/block 0",
        "0x699000 | 7.3 7.1 6.19 6.18 | /LUO/flbs: the structure",
        "0x698000 | 7.3 7.1 6.19 6.18 | /LUO: the structure",
        "0x69c000 | 7.3 7.1 6.19 6.18 | /memblock: the structure",
        "0x55a000 | 7.3 7.1 6.19 6.16 | /kho_test: the structure",
        "0x5b8000 | 7.3 7.1 6.19 6.16 | /kho_test: /kho_test/data/folios_info",
        "0x5b9000 | 7.3 7.1 6.19 6.16 | /kho_test: /kho_test/data/folios_info/chunk 0",
        "0x518000 | 7.3 7.1           | /kexec-metadata: the structure",
      })
  void aStructureThatIsNotInTheImageIsLeftOut(String page, String versions, String left)
      throws IOException {
    Path core = without(Long.decode(page));

    for (String version : versions.split(" +", -1)) {
      assertThat(kho(1, "convert", core, "--abi", version, "-o", converted, "--force").err())
          .as(version)
          .contains(
              "left out: "
                  + left
                  + " at "
                  + page
                  + " cannot be copied: "
                  + core
                  + " leaves out the page of");
      ConsoleOfATest verified = ConsoleOfATest.pipe();
      new Kho(verified.console, "").run("verify", converted.toString());
      assertThat(verified.out()).as(version).contains("0 errors, ").doesNotContain(": count is 4,");
    }
  }

  @Test
  void aNameThatIsNotUtf8IsNamed() throws IOException {
    Path patched = patched(whole, SESSION_NAME, new byte[] {(byte) 0xff});

    assertThat(kho(1, "convert", patched, "--abi", "7.1", "-o", converted).err())
        .contains(
            "left out: /LUO/session \"\\ufffdexec_multi_state\": bytes of the name"
                + " \"\\ufffdexec_multi_state\" that are not UTF-8: they become U+FFFD");
  }

  /** Folio 0 of the first session's file is where a later session's list of files is. */
  @Test
  void memoryThatALaterPartTakesIsNoMemoryOfAnEarlierOne() throws IOException {
    Path patched = patched(whole, 0x77c000, number(0x3L << 52 | 0x59c));

    assertThat(kho(1, "convert", patched, "--abi", "7.3", "-o", converted).err())
        .contains(
            "/LUO/session \"kexec_multi_state\"/file 0x3e6/folio at 0x59c000 cannot be copied")
        .contains("no preserved block that stays has it");
    assertThat(kho(0, "verify", converted).out()).contains("0 errors, ", " 3 files");
  }

  /** A part is left out, in every version, wherever the fault is. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "0x772040 | 0                  | /LUO/session \"kexec_multi_state\"/file 0x3e6: the structure at 0x772010 cannot be copied: data is 0",
        "0x772040 | 0x40000000         | /LUO/session \"kexec_multi_state\"/file 0x3e6: the structure at 0x40000000 cannot be copied: ",
        "0x771020 | 0x7fff0000000      | /LUO/session \"kexec_multi_state\"/file 0x3e6: /LUO/session \"kexec_multi_state\"/file 0x3e6/folios/chunk 0 at 0x7fff0000000 cannot be copied: ",
        "0x771018 | 0x10000000000      | /LUO/session \"kexec_multi_state\"/file 0x3e6: the structure at 0x771000 cannot be copied: nr_folios is 1099511627776",
        "0x77c000 | 0                  | /LUO/session \"kexec_multi_state\"/file 0x3e6: /LUO/session \"kexec_multi_state\"/file 0x3e6/folio 0 at 0x77c000 cannot be copied: pfn is 0",
        "0x77c008 | 0x1000             | /LUO/session \"kexec_multi_state\"/file 0x3e6: ",
        "0x772010 | 0x34762d64666d656e | ",
        "0x778008 | 99                 | /LUO/sessions: /LUO/sessions/block 0 at 0x778000 cannot be copied: count is 99",
        "0x699008 | 99                 | /LUO/flbs: the structure at 0x699000 cannot be copied: count is 99",
        "0x699010 | 0                  | /LUO/flbs/flb 0: name has 0 bytes, not 1 to 47",
        "0x518000 | 0x372e332e00000002 | /kexec-metadata: the structure at 0x518000 cannot be copied: version is 2, but only 1 is known",
        "0x512098 | 0                  | /memblock: the structure at 0x0 cannot be copied: 210 bytes at 0x0 cannot be a blob",
        "0x69c0a8 | 0                  | /memblock/reservation \"trace\": 0x0 bytes at 0x1f100000 are not a possible range of memory",
      })
  void aBrokenPartIsLeftOutInEveryVersion(String address, String value, @Nullable String left)
      throws IOException {
    Path patched = patched(whole, Integer.decode(address), number(Long.decode(value)));

    for (String version : List.of("7.3", "7.1", "7.0")) {
      boolean hasMetadata = !version.equals("7.0");
      int exit = left == null && hasMetadata ? 0 : 1;
      String said =
          kho(exit, "convert", patched, "--abi", version, "-o", converted, "--force").err();
      assertThat(said).as(version).contains(left == null ? "" : "left out: " + left);
      assertThat(kho(0, "verify", converted).out()).as(version).contains("0 errors, ");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "8 | /kho_test: /kho_test/data/folio 7 at 0x5b8038 cannot be copied: its entry is 0: there",
        "6 | /kho_test: /kho_test/data at 0x55a000 cannot be copied: the data do not have the checksum",
      })
  void otherDataOfKhoTestAreLeftOut(byte folios, String left) throws IOException {
    assertThat(leftOut(patched(whole, 0x55a088, new byte[] {folios})))
        .contains("left out: " + left);
    assertThat(kho(0, "verify", converted).out()).contains("0 errors, ");
  }

  @Test
  void anAmbiguousNameIsLeftOut() throws IOException {
    byte[] name = "kexec_multi_state\0\0\0".getBytes(StandardCharsets.US_ASCII);
    assertThat(
            kho(1, "convert", patched(whole, 0x778060, name), "--abi", "7.3", "-o", converted)
                .err())
        .contains(
            "left out: /LUO/session \"kexec_multi_state\": another session also has this name");
    assertThat(kho(0, "verify", converted).out()).contains("0 errors, ", " 4 sessions");
  }

  /** As a kernel cuts it off. */
  @Test
  void aNameWithoutANulIsCutOff() throws IOException {
    byte[] cut = "A".repeat(64).getBytes(StandardCharsets.US_ASCII);
    assertThat(leftOut(patched(whole, 0x778060, cut)))
        .contains("left out: /LUO/session: name has no NUL within its 64 bytes: it is cut off");
  }

  /** The next kernel may have overwritten these before it reads them. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "0x778000 | /LUO/sessions: /LUO/session \"kexec_multi_state\" at 0x778010 cannot be copied: page 0x778000 of its entry",
        "0x772000 | /LUO/session \"kexec_multi_state\"/files: /LUO/session \"kexec_multi_state\"/file 0x3e6 at 0x772010 cannot be copied: page 0x772000 of its entry",
        "0x699000 | /LUO/flbs: the structure at 0x699000 cannot be copied: page 0x699000",
        "0x698000 | /LUO: the structure at 0x698000 cannot be copied: page 0x698000 of the blob",
        "0x518000 | /kexec-metadata: the structure at 0x518000 cannot be copied: page 0x518000 of the blob",
        "0x69c000 | /memblock: the structure at 0x69c000 cannot be copied: page 0x69c000 of the blob",
      })
  void aListOrBlobThatIsNotPreservedIsLeftOut(String page, String left) throws IOException {
    Path patched = notPreserved(Integer.decode(page));

    for (String version : List.of("7.3", "7.1")) {
      assertThat(kho(1, "convert", patched, "--abi", version, "-o", converted, "--force").err())
          .contains("left out: " + left + " is not preserved");
      assertThat(kho(0, "verify", converted).out()).contains("0 errors, ");
    }
  }

  private Path notPreserved(int page) throws IOException {
    int number = page / PAGE;
    int address = LEAF + number / Byte.SIZE;
    byte before;
    try (PhysicalMemory memory = MemoryImages.open(whole)) {
      before = memory.read(address, 1).get(ValueLayout.JAVA_BYTE, 0);
    }
    int bit = 1 << number % Byte.SIZE;
    assertThat(before & bit).isEqualTo(bit);
    return patched(whole, address, new byte[] {(byte) (before & ~bit)});
  }

  /** Only preserved blocks are copied: the bits of these pages are cleared in their leaf. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "0x771000 | /LUO/session \"kexec_multi_state\"/file 0x3e6: the structure",
        "0x784000 | /LUO/session \"kexec_multi_state\"/file 0x3e6: /LUO/session \"kexec_multi_state\"/file 0x3e6/folios",
        "0x77c000 | /LUO/session \"kexec_multi_state\"/file 0x3e6: /LUO/session \"kexec_multi_state\"/file 0x3e6/folios",
        "0x1b73000 | /LUO/session \"kexec_multi_state\"/file 0x3e6: /LUO/session \"kexec_multi_state\"/file 0x3e6/folio",
        "0x5b9000 | /kho_test: /kho_test/data/folios_info",
      })
  void aStructureThatIsNotPreservedIsLeftOut(String page, String left) throws IOException {
    Path patched = notPreserved(Integer.decode(page));

    assertThat(kho(1, "convert", patched, "--abi", "7.3", "-o", converted).err())
        .contains("left out: " + left + " at " + page + " cannot be copied: no preserved block");
    assertThat(kho(0, "verify", converted).out()).contains("0 errors, ");
  }

  /** QEMU's dumps of a PC list the ROM of the firmware, below 4 GiB, as memory. */
  @Test
  void firmwareBelow4GiBIsNoMemory() throws IOException {
    Path core = core(new Run(PRESENT, 0, RAM - PRESENT), new Run(0xfffc0000L, 0, 0x40000));
    assertThat(kho(1, "convert", core, "--abi", "7.3", "-o", converted).out())
        .startsWith(converted + ": 512 MiB from 0x0, ");
    assertThat(Files.size(converted)).isEqualTo(RAM);
  }

  /** LiME does not name the machine, and the kernel does not list a PC's first page. */
  @Test
  void theFirstPageOfAPcStaysIfLimeLeavesItOut() throws IOException {
    Path lime = directory.resolve("lime");
    try (PhysicalMemory memory = MemoryImages.open(Captures.small("jump-luo"));
        FileChannel file =
            FileChannel.open(lime, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long at = 0;
      for (long[] range : new long[][] {{0x1000, 0x9f000}, {1 << 20, RAM}}) {
        ByteBuffer header = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0x4c694d45).putInt(1).putLong(range[0]).putLong(range[1] - 1).putLong(0);
        at += file.write(header.flip(), at);
        file.write(memory.read(range[0], range[1] - range[0]).asByteBuffer(), at);
        at += range[1] - range[0];
      }
    }
    assertThat(kho(0, "convert", lime, "--abi", "7.3", "-o", converted).out())
        .startsWith(converted + ": 512 MiB from 0x0, ");
    assertThat(kho(0, "verify", converted).out()).contains("0 errors, ");
  }

  /** The ROM and the RAM from 4 GiB on are neighbours. */
  @Test
  void memoryAbove4GiBStays() throws IOException {
    long low = 3L << 30;
    Path core =
        core(
            new Run(PRESENT, 0, low - PRESENT),
            new Run(0xfffc0000L, 0, 0x40000),
            new Run(4L << 30, 0, 1L << 30));
    assertThat(kho(1, "convert", core, "--abi", "7.3", "-o", converted).out())
        .startsWith(converted + ": 5 GiB from 0x0, ");
    String[] rom = {"--scratch", "0xff000000:16M"};
    assertThat(
            kho(2, "convert", core, "--abi", "7.3", rom[0], rom[1], "-o", converted, "--force")
                .err())
        .contains("is not in memory; memory is 0x0-0xbfffffff, 0x100000000-0x13fffffff");
  }

  @ParameterizedTest
  @ValueSource(longs = {4L << 30, 32L << 30})
  void scratchIsInRam(long second) throws IOException {
    Path core = core(new Run(PRESENT, 0, RAM - PRESENT), new Run(second, 0, RAM));
    String json = kho(1, "convert", core, "--abi", "7.3", "-o", converted, "--json").out();
    JsonNode scratch = new ObjectMapper().readTree(json).at("/scratch/regions/0");
    long start = Long.decode(scratch.get("address").asString());
    long end = start + scratch.get("size").asLong();
    assertThat(end <= RAM || (start >= second && end <= second + RAM))
        .as("%x-%x", start, end)
        .isTrue();
  }

  @Test
  void moreMemoryThanAFileCanHaveIsRefused() throws IOException {
    Path core = core(new Run(PRESENT, 0, RAM - PRESENT), new Run(70L << 40, 0, RAM));
    assertThat(kho(2, "convert", core, "--abi", "7.3", "-o", converted).err())
        .contains(core + ": 70.0 TiB of memory in pages of 4K, but a RAM file has less than");
    assertThat(converted).doesNotExist();
  }

  @Test
  void aReservationThatIsNotPreservedIsNamed() throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(whole)) {
      MemorySegment blob = memory.read(MEMBLOCK, 0x100);
      long start = 0;
      while (blob.get(LittleEndian.U64, start) != RESERVATION) {
        start++;
      }
      Path patched = patched(whole, (int) (MEMBLOCK + start), number(RESERVATION + PAGE));
      assertThat(kho(1, "verify", patched).out()).contains("MEMBLOCK-005");

      assertThat(kho(1, "convert", patched, "--abi", "7.3", "-o", converted).err())
          .contains(
              "left out: /memblock/reservation \"trace\": 0x100000 bytes at 0x%x are not all"
                      .formatted(RESERVATION + PAGE)
                  + " preserved");
    }
    assertThat(kho(0, "verify", converted).out()).contains("0 errors, ");
  }

  /** A reservation that is broken or not preserved hides no other, and no memory of it is used. */
  @Test
  void otherReservationsStay() throws IOException {
    Path ram = directory.resolve("ram");
    try (TestGuest guest = TestGuest.create(ram, 256 << 20)) {
      List<ReserveMem> reservations = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Folio folio = guest.folio((64 << 20) + ((long) i << 20), 8, "reserved");
        reservations.add(new ReserveMem("r" + i, folio.address(), 1 << 20));
      }
      ReserveMemSaver.saveBlob(guest.generation(), reservations);
    }
    int start = indexOf(Files.readAllBytes(ram), number(64 << 20));
    Path patched = patched(ram, start, number(100 << 20));

    assertThat(kho(1, "verify", patched).out())
        .contains("MEMBLOCK-005 /memblock/reservation \"r0\"");
    for (String version : List.of("7.3", "6.18")) {
      assertThat(kho(1, "convert", patched, "--abi", version, "-o", converted, "--force").err())
          .contains(
              "left out: /memblock/reservation \"r0\": 0x100000 bytes at 0x6400000 are not all"
                  + " preserved");
      assertThat(kho(0, "verify", converted).out()).contains("0 errors, ", "1 reservation,");
      assertThat(kho(0, "inspect", converted).out()).contains("r1").doesNotContain("r0");
      try (PhysicalMemory memory = MemoryImages.open(converted)) {
        assertThat(
                memory.read(100 << 20, 1 << 20).mismatch(MemorySegment.ofArray(new byte[1 << 20])))
            .isEqualTo(-1);
      }
      assertThat(
              kho(
                      2,
                      "convert",
                      patched,
                      "--abi",
                      version,
                      "-o",
                      converted,
                      "--force",
                      "--scratch",
                      "0x6000000:16M")
                  .err())
          .contains("overlaps 0x6400000-0x64fffff, which a reservation, a file or an FLB claims");
    }
  }

  private static int indexOf(byte[] image, byte[] bytes) {
    for (int at = 0; ; at++) {
      if (Arrays.equals(image, at, at + bytes.length, bytes, 0, bytes.length)) {
        return at;
      }
    }
  }

  @Test
  void noBytesAreNoBlob() throws IOException {
    assertThat(leftOut(patched(whole, MEMBLOCK_SIZE, number(0))))
        .contains("left out: /memblock: the structure at 0x69c000 cannot be copied: 0 bytes at");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0x698000 | /LUO also has the blob at 0x698000",
        "0x778000 | its memory also has a structure that is written anew or left out",
      })
  void aBlobThatIsAnothersMemoryIsCalledSo(String blob, String sentence) throws IOException {
    assertThat(leftOut(patched(whole, MEMBLOCK_BLOB, number(Long.decode(blob)))))
        .contains(
            "left out: /memblock: the structure at " + blob + " cannot be copied: " + sentence);
  }

  /** The root FDT is at 0x512000, the map at 0x511000. */
  @Test
  void theMapIsNotAtTheRootsAddress() throws IOException {
    String handover = "the map of the handover at 0x512000 is ";

    assertThat(refusal(patched(whole, VERSION, "kho-v1".getBytes(StandardCharsets.US_ASCII))))
        .contains(handover + "unreadable", ": /preserved-memory-map/chunk 0 at 0x511000: order is");
    assertThat(refusal(without(0x511000))).contains(handover + "absent, so preserved memory");
  }

  @Test
  void aNewerMapIsNotRead() throws IOException {
    assertThat(refusal(patched(whole, VERSION, "kho-v5".getBytes(StandardCharsets.US_ASCII))))
        .contains("the map of the handover at 0x512000 is newer, so preserved memory is unknown\n");
  }
}
