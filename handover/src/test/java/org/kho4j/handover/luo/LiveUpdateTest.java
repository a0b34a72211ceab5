package org.kho4j.handover.luo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kho4j.handover.handmade.KernelMemory;

/**
 * The blob at 0x200000, sessions from 0x201000 on, files from 0x210000 on, FLBs at 0x220000; all
 * offsets as in ABI-HISTORY 11.
 */
class LiveUpdateTest {

  private static final long LUO = 0x200000;
  private static final long SESSIONS = 0x201000;
  private static final long FILES = 0x210000;
  private static final long FLBS = 0x220000;

  private final KernelMemory kernel = new KernelMemory();

  @BeforeEach
  void luo() {
    kernel.ram.zeros(LUO, 4096).put(LUO, "luo-v5").put64(LUO + 8, 3);
    kernel.ram.put64(LUO + 24, FLBS).zeros(FLBS, 4096).put64(FLBS, 1);
    kernel.subtree("LUO", LUO, 32);
  }

  /** One block of sessions, with a name, a files pointer and a count each. */
  private void sessions(Object... nameFilesCount) {
    kernel.ram.put64(LUO + 16, SESSIONS).zeros(SESSIONS, 4096);
    kernel.ram.put64(SESSIONS + 8, nameFilesCount.length / 3);
    for (int i = 0; i < nameFilesCount.length / 3; i++) {
      long at = SESSIONS + 16 + 80L * i;
      kernel.ram.put(at, (String) nameFilesCount[3 * i]);
      kernel.ram.put64(at + 64, (Long) nameFilesCount[3 * i + 1]);
      kernel.ram.put64(at + 72, (Long) nameFilesCount[3 * i + 2]);
    }
  }

  private void files(long block, long next, int count) {
    kernel.ram.zeros(block, 4096).put64(block, next).put64(block + 8, count);
    for (int i = 0; i < count; i++) {
      long at = block + 16 + 64L * i;
      kernel.ram.put(at, "other-v1").put64(at + 48, 0x7000 + i).put64(at + 56, 0x100 + i);
    }
  }

  private LiveUpdate read() {
    return kernel.handover().client(LiveUpdate.CLIENT).orElseThrow();
  }

  private List<String> sessionsAndFiles() {
    List<String> lines = new ArrayList<>();
    read()
        .sessions()
        .forEach(session -> {
          lines.add(session.name() + " " + session.fileCount());
          session
              .files()
              .forEach(file ->
                  lines.add(
                      "%s 0x%x %x at 0x%x"
                          .formatted(
                              file.compatible(), file.token(), file.data(), file.address())));
        });
    return lines;
  }

  @Test
  void aHandoverWithoutLuoHasNone() {
    assertThat(new KernelMemory().handover().client(LiveUpdate.CLIENT)).isEmpty();
  }

  @Test
  void aParallelStreamHasTheSameElements() {
    sessions("vm", FILES, 64L, "other", 0L, 0L);
    files(FILES, FILES + 4096, 63);
    files(FILES + 4096, 0, 1);
    assertThat(read().sessions().parallel().map(Session::name).toList())
        .containsExactly("vm", "other");
    Session session = read().session("vm").orElseThrow();
    assertThat(session.files().parallel().map(PreservedFile::token).toList())
        .isEqualTo(session.files().map(PreservedFile::token).toList())
        .hasSize(64);
  }

  @Test
  void readsTheSkeletonOfARunningKernel() {
    assertThat(read().version().compatible()).isEqualTo("luo-v5");
    assertThat(read().number()).isEqualTo(3);
    assertThat(sessionsAndFiles()).isEmpty();
    assertThat(read().flbs()).isEmpty();
  }

  @Test
  void readsSessionsAndTheirFiles() {
    sessions("vm", FILES, 2L, "empty", 0L, 0L);
    files(FILES, 0, 2);

    assertThat(sessionsAndFiles())
        .containsExactly(
            "vm 2",
            "other-v1 0x100 7000 at 0x210010",
            "other-v1 0x101 7001 at 0x210050",
            "empty 0");
  }

  @Test
  void aSessionsCountIsThatOfAllBlocks() {
    sessions("vm", FILES, 64L);
    files(FILES, FILES + 4096, 63);
    files(FILES + 4096, 0, 1);

    assertThat(sessionsAndFiles()).hasSize(65).endsWith("other-v1 0x100 7000 at 0x211010");
  }

  @Test
  void readsFlbs() {
    kernel.ram.put64(LUO + 24, FLBS).zeros(FLBS, 4096);
    kernel.ram.put64(FLBS, 1).put64(FLBS + 8, 2);
    kernel.ram.put(FLBS + 16, "iommu").put64(FLBS + 64, 0xfeedfacecafebeefL).put64(FLBS + 72, 4);
    kernel.ram.put(FLBS + 80, "pci").put64(FLBS + 128, 0).put64(FLBS + 136, 1);

    assertThat(read().flbs())
        .containsExactly(new Flb("iommu", 0xfeedfacecafebeefL, 4), new Flb("pci", 0, 1));
  }

  @Test
  void aPageOfFlbsHolds63() {
    kernel.ram.put64(LUO + 24, FLBS).zeros(FLBS, 4096).put64(FLBS + 8, 63);
    assertThat(read().flbs()).hasSize(63);

    kernel.ram.put64(FLBS + 8, -64);
    assertThat(sentenceOf(() -> read().flbs()))
        .isEqualTo("/LUO/flbs at 0x220000: count is 18446744073709551552, but a page holds 63");
  }

  @Test
  void namesAnFlbWithoutEnd() {
    kernel.ram.put64(LUO + 24, FLBS).zeros(FLBS, 4096).put64(FLBS + 8, 2);
    kernel.ram.put(FLBS + 80, "x".repeat(48));

    assertThat(sentenceOf(() -> read().flbs()))
        .isEqualTo("/LUO/flbs/flb 1 at 0x220050: name has no NUL within its 48 bytes");
  }

  @Test
  void namesAnFlbPointerThatIsZero() {
    kernel.ram.put64(LUO + 24, 0);

    assertThat(sentenceOf(() -> read().flbs()))
        .isEqualTo("/LUO/flbs at 0x200000: the address is 0");
  }

  @Test
  void namesAPageOfFlbsThatIsAbsent() {
    kernel.ram.put64(LUO + 24, 0x7f000000);

    assertThat(sentenceOf(() -> read().flbs()))
        .isEqualTo("/LUO/flbs at 0x7f000000: 0x7f000000 is absent");
  }

  @Test
  void refusesAnUnknownVersion() {
    kernel.ram.put(LUO, "luo-v6");

    assertThat(sentenceOf(this::read)).isEqualTo("/LUO at 0x200000: a newer contract: luo-v6");
  }

  @Test
  void namesAVersionWithoutEnd() {
    kernel.ram.put(LUO, "luo-v555");

    assertThat(sentenceOf(this::read))
        .isEqualTo("/LUO at 0x200000: compatible has no NUL within its 8 bytes");
  }

  @Test
  void namesABlobThatIsTooShort() {
    KernelMemory shorter = new KernelMemory().subtree("LUO", LUO, 31);
    shorter.ram.zeros(LUO, 4096);

    assertThat(sentenceOf(() -> shorter.handover().client(LiveUpdate.CLIENT)))
        .isEqualTo("/LUO at 0x200000: the blob has 31 bytes, fewer than 32");
  }

  @Test
  void namesASessionWithoutEndOfItsName() {
    sessions("vm", 0L, 0L, "x".repeat(64), 0L, 0L);

    assertThat(sentenceOf(this::sessionsAndFiles))
        .isEqualTo("/LUO/session at 0x201060: name has no NUL within its 64 bytes");
  }

  @Test
  void namesACountThatIsMoreThanTheBlocksHold() {
    sessions("vm", FILES, 3L);
    files(FILES, 0, 2);

    assertThat(sentenceOf(this::sessionsAndFiles))
        .isEqualTo("/LUO/session \"vm\" at 0x201010: count is 3, but the list of files holds 2");
  }

  @Test
  void namesACountThatIsLessThanTheBlocksHold() {
    sessions("vm", FILES, 1L);
    files(FILES, 0, 2);

    assertThat(sentenceOf(this::sessionsAndFiles))
        .isEqualTo("/LUO/session \"vm\" at 0x201010: count is 1, but the list holds more files");
  }

  @Test
  void namesFilesThatAreCountedAndNotThere() {
    sessions("vm", 0L, 1L);

    assertThat(sentenceOf(this::sessionsAndFiles))
        .isEqualTo("/LUO/session \"vm\" at 0x201010: count is 1, but the list of files holds 0");
  }

  @Test
  void namesACountThatNoMemoryHasRoomFor() {
    sessions("vm", FILES, -2L);
    files(FILES, 0, 2);

    assertThat(sentenceOf(this::sessionsAndFiles))
        .startsWith(
            "/LUO/session \"vm\" at 0x201010: count is 18446744073709551614, but the source has"
                + " room for only ");
  }

  @Test
  void namesALoopOfFileBlocks() {
    sessions("vm", FILES, 200L);
    files(FILES, FILES, 2);

    assertThat(sentenceOf(this::sessionsAndFiles))
        .isEqualTo(
            "/LUO/session \"vm\"/files/block 1 at 0x210000: the chain returns to an earlier block");
  }

  @Test
  void namesAFileWithoutEndOfItsHandler() {
    sessions("vm", FILES, 1L);
    files(FILES, 0, 1);
    kernel.ram.put(FILES + 16, "x".repeat(48));

    assertThat(sentenceOf(this::sessionsAndFiles))
        .isEqualTo(
            "/LUO/session \"vm\"/file 0x100 at 0x210010: compatible has no NUL within its 48 bytes");
  }

  @Test
  void whatStandsBeforeAFaultIsVisited() {
    sessions("vm", FILES, 2L);
    files(FILES, 0x7f000000, 2);
    List<Long> tokens = new ArrayList<>();

    assertThat(
            sentenceOf(() ->
                read()
                    .sessions()
                    .forEach(session -> session.files().forEach(file -> tokens.add(file.token())))))
        .isEqualTo("/LUO/session \"vm\"/files/block 1 at 0x7f000000: 0x7f000000 is absent");
    assertThat(tokens).containsExactly(0x100L, 0x101L);
  }

  @Test
  void namesOutOfTheHandoverAreEscapedInPaths() {
    sessions("a\"b\\c\33[31m", 0L, 1L);

    assertThat(sentenceOf(this::sessionsAndFiles))
        .startsWith("/LUO/session \"a\\\"b\\\\c\\x1b[31m\" at");
  }

  @Test
  void aFileIsReadByItsHandlerAlone() {
    sessions("vm", FILES, 1L);
    files(FILES, 0, 1);
    FileHandler<Long> other = handler("other-v1");
    FileHandler<Long> another = handler("another-v1");

    List<Object> read = new ArrayList<>();
    read()
        .sessions()
        .forEach(session ->
            session
                .files()
                .forEach(file -> {
                  read.add(file.as(other));
                  read.add(file.as(another));
                }));

    assertThat(read).hasToString("[Optional[28672], Optional.empty]");
  }

  private static FileHandler<Long> handler(String compatible) {
    return new FileHandler<>(compatible::equals, PreservedFile::data);
  }
}
