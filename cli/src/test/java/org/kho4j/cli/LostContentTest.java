package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.cli.captures.Captures;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * What {@code kho verify} calls lost or ambiguous in {@code jump-luo}, {@code kho extract} does not
 * write without a word, and {@code kho diff} does not compare.
 */
class LostContentTest {

  /** The leaf of the map with the blocks of order 0. */
  private static final int LEAF = 0x517000;

  private static final int MEMBLOCK_DATA = 0x512098;
  private static final int RESERVATION_SIZE = 0x69c0a8;
  private static final int FIRST_SESSION = 0x778010;
  private static final int SESSION_NAME = 0x778060;
  private static final int MEMFD_SIZE = 0x771008;
  private static final int FOLIO = 0x77c000;
  private static final int SECOND_TOKEN = 0x59c088;

  @TempDir private Path directory;

  private Path patchedWhole(int address, byte... bytes) throws IOException {
    return Captures.copyPatched(
        Captures.small("jump-luo"), directory.resolve("whole"), address, bytes);
  }

  @Test
  void addressZeroHasNoBlob() throws IOException {
    Path broken = patchedWhole(MEMBLOCK_DATA, new byte[8]);
    String sentence = "/memblock at 0x0: 210 bytes at 0x0 cannot be a blob";
    Path all = directory.resolve("all");

    assertThat(kho(1, "verify", broken).out()).contains("FDT-008     " + sentence);
    assertThat(kho(2, "extract", broken, "--subtree", "memblock", "-o", all).err())
        .contains(sentence);
    assertThat(kho(1, "extract", broken, "--all", all).err()).contains(sentence);
    assertThat(all.resolve("subtree-memblock")).doesNotExist();
  }

  /** The bits of these pages are cleared in their leaf. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "0x771000 | MEMFD-003   | /LUO/session \"kexec_multi_state\"/file 0x3e6 at 0x771000: page 0x771000 of its structure",
        "0x784000 | VMALLOC-010 | /LUO/session \"kexec_multi_state\"/file 0x3e6/folios/chunk 0 at 0x784000: page 0x784000",
        "0x77c000 | VMALLOC-011 | /LUO/session \"kexec_multi_state\"/file 0x3e6/folios at 0x77c000: page 0x77c000",
        "0x772000 | BLOCK-005   | /LUO/session \"kexec_multi_state\"/file 0x3e6 at 0x772010: page 0x772000 of its entry",
        "0x778000 | BLOCK-005   | /LUO/session \"kexec_multi_state\" at 0x778010: page 0x778000 of its entry",
        "0x698000 | LUO-004     | /LUO at 0x698000: page 0x698000 of the blob",
      })
  void contentThatIsNotPreservedIsLost(String page, String rule, String problem)
      throws IOException {
    Path broken = notPreserved(Integer.decode(page) / 4096);
    String sentence = problem + " is not preserved";
    Path out = directory.resolve("out");
    String[] one = {"--session", "kexec_multi_state", "--token", "0x3e6"};

    assertThat(kho(1, "verify", broken).out()).contains("error   " + rule);
    assertThat(kho(2, "extract", broken, one[0], one[1], one[2], one[3], "-o", out).err())
        .contains(sentence);
    assertThat(kho(1, "extract", broken, "--all", out).err()).contains(sentence);
    assertThat(out.resolve("memfd-kexec_multi_state-0x3e6")).doesNotExist();
    assertThat(kho(1, "diff", Captures.small("jump-luo"), broken).out())
        .contains("! B: " + sentence);
  }

  private Path notPreserved(int page) throws IOException {
    int address = LEAF + page / Byte.SIZE;
    byte before;
    try (PhysicalMemory memory = MemoryImages.open(Captures.small("jump-luo"))) {
      before = memory.read(address, 1).get(ValueLayout.JAVA_BYTE, 0);
    }
    int bit = 1 << page % Byte.SIZE;
    assertThat(before & bit).isEqualTo(bit);
    return patchedWhole(address, (byte) (before & ~bit));
  }

  @Test
  void aReservationThatIsNotPreservedIsLost() throws IOException {
    Path broken = patchedWhole(RESERVATION_SIZE, new byte[] {0, 0, 0x20, 0, 0, 0, 0, 0}); // 2 MiB
    String sentence =
        "/memblock/reservation \"trace\" at 0x1f100000: page 0x1f200000 is not preserved";
    Path out = directory.resolve("out");

    assertThat(kho(1, "verify", broken).out()).contains("MEMBLOCK-005 " + sentence);
    assertThat(kho(2, "extract", broken, "--reserve-mem", "trace", "-o", out).err())
        .contains(sentence);
    assertThat(kho(1, "extract", broken, "--all", out).err()).contains(sentence);
    assertThat(out.resolve("reservation-trace")).doesNotExist();
  }

  /** A kernel skips the entry: this part of the file becomes zeros. */
  @Test
  void anEntryWithoutAPageIsNoted() throws IOException {
    Path broken = patchedWhole(FOLIO, new byte[8]);
    String sentence = "file 0x3e6/folio 0 at 0x77c000: pfn is 0, for index 0";
    Path out = directory.resolve("out");
    String[] one = {"--session", "kexec_multi_state", "--token", "0x3e6"};

    assertThat(kho(1, "verify", broken).out()).contains("MEMFD-009", sentence);
    assertThat(kho(1, "extract", broken, one[0], one[1], one[2], one[3], "-o", out).err())
        .contains(sentence);
    assertThat(Files.size(out)).isEqualTo(4096);
    assertThat(kho(1, "extract", broken, "--all", directory.resolve("all")).err())
        .contains(sentence);
    assertThat(kho(1, "diff", Captures.small("jump-luo"), broken).out())
        .contains("~ content", "! B: ", sentence);
  }

  /** Hours of zeros. */
  @Test
  void manyHolesAreNotHashed() throws IOException {
    Path large = patchedWhole(MEMFD_SIZE, new byte[] {0, 0, 0, 0, 64}); // 256 GiB
    String sentence =
        "256.0 GiB of it are holes, and at most 4 GiB of holes of a handover are hashed";
    Path out = directory.resolve("out");
    Object[] one = {"extract", large, "--session", "kexec_multi_state", "--token", "0x3e6"};
    Object[] hashed = Stream.concat(Stream.of(one), Stream.of("--sha256", "-o", out)).toArray();

    assertThat(kho(1, "diff", Captures.small("jump-luo"), large).out())
        .contains("? B not compared: ", sentence)
        .doesNotContain("! B", "cannot be read");
    assertThat(kho(0, "diff", large, large).out()).contains("? file 0x3e6");
    assertThat(kho(2, hashed).err()).contains(sentence);
    assertThat(out).doesNotExist();
    assertThat(kho(1, "extract", large, "--all", out, "--sha256").err()).contains(sentence);
    assertThat(Files.size(out.resolve("memfd-kexec_multi_state-0x3e6"))).isEqualTo(256L << 30);
  }

  @Test
  void aNameOfTwoSessionsOrFilesIsAmbiguous() throws IOException {
    Path all = directory.resolve("all");
    Path session =
        patchedWhole(SESSION_NAME, "kexec_multi_state\0\0\0".getBytes(StandardCharsets.US_ASCII));
    String sentence = "/LUO/session \"kexec_multi_state\" at 0x778060: another session also has";
    assertThat(kho(1, "extract", session, "--all", all).err()).contains(sentence);
    assertThat(Files.readString(all.resolve("index.json"))).contains("\"problems\" : 1");
    assertThat(kho(1, "diff", session, session).out()).contains("! B: " + sentence);
    Files.delete(session);

    Path file = patchedWhole(SECOND_TOKEN, new byte[] {2, 0x20});
    assertThat(kho(1, "extract", file, "--all", directory.resolve("files")).err())
        .contains("file 0x2002 at 0x59c050: another file also has this token");
  }

  @Test
  void aNameThatIsCutOffIsNoted() throws IOException {
    String cut = "A".repeat(63);
    Path broken = patchedWhole(FIRST_SESSION, (cut + "A").getBytes(StandardCharsets.US_ASCII));
    Path out = directory.resolve("out");

    assertThat(kho(1, "extract", broken, "--session", cut, "--token", "0x3e6", "-o", out).err())
        .contains("/LUO/session at 0x778010: name has no NUL within its 64 bytes");
    assertThat(Files.size(out)).isEqualTo(4096);
    assertThat(kho(1, "extract", broken, "--all", directory.resolve("all")).err())
        .contains("/LUO/session at 0x778010: name has no NUL within its 64 bytes");
  }
}
