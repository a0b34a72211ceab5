package org.kho4j.handover.luo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.handover.handmade.Sentences.sentenceOf;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.handmade.KernelMemory;
import org.kho4j.handover.handmade.Tree;

/**
 * One state of LUO in every version's bytes: two sessions, three files, two FLBs. All offsets as in
 * ABI-HISTORY 11; nothing here is computed by the tables under test.
 */
class LuoVersionsTest {

  private static final long BLOB = 0x1000000;
  private static final long HEADER = 0x1100000;
  private static final long SESSIONS = 0x1200000;
  private static final long FILES = 0x1400000;
  private static final long MORE_FILES = 0x1500000;
  private static final long FLBS = 0x1600000;

  private static final List<String> STATE =
      List.of(
          "number 3",
          "session vm of 2",
          "memfd-v1 0x100 data 7000",
          "other-v1 0xffffffffffffffff data fedcba9876543210",
          "session empty of 0",
          "session third of 1",
          "other-v1 0x102 data 7002",
          "flb iommu 1234 2",
          "flb pci 0 1");

  private static KernelMemory kernel(String version, PageSize pageSize) {
    KernelMemory kernel = new KernelMemory(pageSize);
    boolean sessionBlocks = version.equals("luo-v4") || version.equals("luo-v5");
    boolean fileBlocks = version.equals("luo-v5");
    kernel.ram.zeros(BLOB, pageSize.bytes()).zeros(HEADER, pageSize.bytes());
    head(kernel, version);

    // Arrays: 16 pages with a count of 8 bytes. Blocks: one page with next and count.
    kernel.ram.zeros(SESSIONS, 16L * pageSize.bytes());
    kernel.ram.put64(SESSIONS + (sessionBlocks ? 8 : 0), 3);
    long first = SESSIONS + (sessionBlocks ? 16 : 8);
    session(kernel, first, "vm", FILES, 2);
    session(kernel, first + 80, "empty", 0, 0);
    session(kernel, first + 160, "third", MORE_FILES, 1);

    // Arrays: two pages without a header.
    kernel.ram.zeros(FILES, 2L * pageSize.bytes()).zeros(MORE_FILES, 2L * pageSize.bytes());
    if (fileBlocks) {
      kernel.ram.put64(FILES + 8, 2).put64(MORE_FILES + 8, 1);
    }
    int skip = fileBlocks ? 16 : 0;
    file(kernel, FILES + skip, "memfd-v1", 0x7000, 0x100);
    file(kernel, FILES + skip + 64, "other-v1", 0xfedcba9876543210L, -1);
    file(kernel, MORE_FILES + skip, "other-v1", 0x7002, 0x102);

    kernel.ram.zeros(FLBS, pageSize.bytes()).put64(FLBS, 1).put64(FLBS + 8, 2);
    kernel.ram.put(FLBS + 16, "iommu").put64(FLBS + 64, 0x1234).put64(FLBS + 72, 2);
    kernel.ram.put(FLBS + 80, "pci").put64(FLBS + 136, 1);
    return kernel;
  }

  private static void head(KernelMemory kernel, String version) {
    switch (version) {
      case "luo-v1" -> kernel.subtree("LUO", BLOB, version1("luo-session-v2"));
      case "luo-v2" -> {
        kernel.subtree("LUO", BLOB, Tree.compatible("luo-v2").u64("luo-abi-header", HEADER));
        kernel.ram.put64(HEADER, 3).put64(HEADER + 8, SESSIONS).put64(HEADER + 16, FLBS);
      }
      default -> {
        kernel.subtree("LUO", BLOB, 32);
        kernel.ram.put(BLOB, version).put64(BLOB + 8, 3);
        kernel.ram.put64(BLOB + 16, SESSIONS).put64(BLOB + 24, FLBS);
      }
    }
  }

  private static Tree version1(String sessionCompatible) {
    return Tree.compatible("luo-v1")
        .u64("liveupdate-number", 3)
        .child(
            new Tree("luo-session")
                .text("compatible", sessionCompatible)
                .u64("luo-session-header", SESSIONS))
        .child(new Tree("luo-flb").text("compatible", "luo-flb-v1").u64("luo-flb-header", FLBS));
  }

  private static void session(KernelMemory kernel, long at, String name, long files, long count) {
    kernel.ram.put(at, name).put64(at + 64, files).put64(at + 72, count);
  }

  private static void file(KernelMemory kernel, long at, String handler, long data, long token) {
    kernel.ram.put(at, handler).put64(at + 48, data).put64(at + 56, token);
  }

  private static LiveUpdate read(KernelMemory kernel) {
    return kernel.handover().client(LiveUpdate.CLIENT).orElseThrow();
  }

  private static List<String> state(KernelMemory kernel) {
    LiveUpdate luo = read(kernel);
    List<String> lines = new ArrayList<>();
    lines.add("number " + luo.number());
    luo.sessions()
        .forEach(session -> {
          lines.add("session %s of %d".formatted(session.name(), session.fileCount()));
          session
              .files()
              .forEach(file ->
                  lines.add(
                      "%s 0x%x data %x".formatted(file.compatible(), file.token(), file.data())));
        });
    luo.flbs()
        .forEach(flb -> lines.add("flb %s %x %d".formatted(flb.name(), flb.data(), flb.count())));
    return lines;
  }

  static Stream<Arguments> versionsAndPageSizes() {
    return Stream.of("luo-v1", "luo-v2", "luo-v3", "luo-v4", "luo-v5")
        .flatMap(version ->
            Stream.of(PageSize.values()).map(pageSize -> Arguments.of(version, pageSize)));
  }

  @ParameterizedTest
  @MethodSource("versionsAndPageSizes")
  void readsEveryVersionsBytes(String version, PageSize pageSize) {
    KernelMemory kernel = kernel(version, pageSize);

    assertThat(state(kernel)).isEqualTo(STATE);
    assertThat(read(kernel).version().compatible()).isEqualTo(version);
  }

  /** 6.19 wrote luo-v1 without the node luo-flb. */
  @ParameterizedTest
  @EnumSource(PageSize.class)
  void readsVersion1WithoutFlbs(PageSize pageSize) {
    KernelMemory kernel = new KernelMemory(pageSize);
    kernel.subtree(
        "LUO",
        BLOB,
        Tree.compatible("luo-v1")
            .u64("liveupdate-number", 1)
            .child(
                new Tree("luo-session")
                    .text("compatible", "luo-session-v2")
                    .u64("luo-session-header", SESSIONS)));
    kernel.ram.zeros(SESSIONS, 16L * pageSize.bytes()).put64(SESSIONS, 1);
    session(kernel, SESSIONS + 8, "s", 0, 0);

    assertThat(state(kernel)).containsExactly("number 1", "session s of 0");
    assertThat(read(kernel).version()).hasToString("luo-v1@6.19");
  }

  /** What patches before 6.19 wrote: entries of 64 bytes. */
  @Test
  void readsSessionsWithoutAFileSet() {
    KernelMemory kernel = new KernelMemory();
    kernel.subtree("LUO", BLOB, version1("luo-session-v1"));
    kernel.ram.zeros(SESSIONS, 16 * 4096).put64(SESSIONS, 2).zeros(FLBS, 4096);
    kernel.ram.put(SESSIONS + 8, "one").put(SESSIONS + 72, "two");

    assertThat(state(kernel)).containsExactly("number 3", "session one of 0", "session two of 0");
  }

  /** (16 * PAGE_SIZE - 8) / 80 and 2 * PAGE_SIZE / 64, as in ABI-HISTORY 11.1. */
  static Stream<Arguments> capacities() {
    return Stream.of(
        Arguments.of(PageSize.SIZE_4K, 819, 128),
        Arguments.of(PageSize.SIZE_16K, 3276, 512),
        Arguments.of(PageSize.SIZE_64K, 13107, 2048));
  }

  @ParameterizedTest
  @MethodSource("capacities")
  void arraysHoldWhatTheirPagesHold(PageSize pageSize, int sessions, int files) {
    KernelMemory kernel = kernel("luo-v3", pageSize);
    kernel.ram.put64(SESSIONS, sessions);
    List<String> names = new ArrayList<>();
    read(kernel).sessions().forEach(session -> names.add(session.name()));
    assertThat(names).hasSize(sessions).startsWith("vm", "empty", "third");

    kernel.ram.put64(SESSIONS, sessions + 1);
    assertThat(sentenceOf(() -> read(kernel).sessions().forEach(session -> {})))
        .isEqualTo(
            "/LUO/sessions at 0x1200000: count is %d, but 16 pages hold %d"
                .formatted(sessions + 1, sessions));

    kernel.ram.put64(SESSIONS, 1).put64(SESSIONS + 8 + 72, files);
    List<Long> tokens = new ArrayList<>();
    read(kernel)
        .sessions()
        .forEach(session -> session.files().forEach(file -> tokens.add(file.token())));
    assertThat(tokens).hasSize(files).startsWith(0x100L, -1L);

    kernel.ram.put64(SESSIONS + 8 + 72, files + 1);
    assertThat(
            sentenceOf(() ->
                read(kernel).sessions().forEach(session -> session.files().forEach(file -> {}))))
        .isEqualTo(
            "/LUO/session \"vm\"/files at 0x1400000: count is %d, but 2 pages hold %d"
                .formatted(files + 1, files));
  }

  @Test
  void namesFilesThatAreCountedWithoutAnArray() {
    KernelMemory kernel = kernel("luo-v4", PageSize.SIZE_4K);
    kernel.ram.put64(SESSIONS + 16 + 64, 0);

    assertThat(
            sentenceOf(() ->
                read(kernel).sessions().forEach(session -> session.files().forEach(file -> {}))))
        .isEqualTo("/LUO/session \"vm\" at 0x1200010: count is 2, but the list of files holds 0");
  }

  @Test
  void namesAnArrayThatIsNotPageAligned() {
    KernelMemory kernel = kernel("luo-v2", PageSize.SIZE_4K);
    kernel.ram.put64(HEADER + 8, SESSIONS + 8);

    assertThat(sentenceOf(() -> read(kernel).sessions().forEach(session -> {})))
        .isEqualTo(
            "/LUO/sessions at 0x1200008: the address 0x1200008 is not aligned to a page of 4K");
  }

  @Test
  void namesAPointerToTheHeadThatIsBroken() {
    KernelMemory absent = new KernelMemory();
    absent.subtree("LUO", BLOB, Tree.compatible("luo-v2").u64("luo-abi-header", 0x7f000000));
    assertThat(sentenceOf(() -> read(absent)))
        .isEqualTo("/LUO/luo-abi-header at 0x7f000000: 0x7f000000 is absent");

    KernelMemory missing = new KernelMemory();
    missing.subtree("LUO", BLOB, Tree.compatible("luo-v2"));
    assertThat(sentenceOf(() -> read(missing)))
        .isEqualTo("/LUO at 0x1000000: the property luo-abi-header is missing");
  }

  @Test
  void namesWhatATreeLacks() {
    KernelMemory number = new KernelMemory();
    number.subtree("LUO", BLOB, version1("luo-session-v2").without("liveupdate-number"));
    assertThat(sentenceOf(() -> read(number)))
        .isEqualTo("/LUO at 0x1000000: the property liveupdate-number is missing");

    KernelMemory session = new KernelMemory();
    session.subtree("LUO", BLOB, Tree.compatible("luo-v1").u64("liveupdate-number", 1));
    assertThat(sentenceOf(() -> read(session)))
        .isEqualTo("/LUO at 0x1000000: the node luo-session is missing");

    KernelMemory string = new KernelMemory();
    string.subtree("LUO", BLOB, version1("luo-session-v3"));
    assertThat(sentenceOf(() -> read(string)))
        .isEqualTo(
            "/LUO/luo-session at 0x1000000: compatible is [luo-session-v3], not"
                + " \"luo-session-v2\"");

    KernelMemory flb = new KernelMemory();
    flb.subtree(
        "LUO",
        BLOB,
        Tree.compatible("luo-v1")
            .u64("liveupdate-number", 1)
            .child(
                new Tree("luo-session")
                    .text("compatible", "luo-session-v2")
                    .u64("luo-session-header", SESSIONS))
            .child(new Tree("luo-flb").text("compatible", "luo-flb-v2")));
    assertThat(sentenceOf(() -> read(flb)))
        .isEqualTo("/LUO/luo-flb at 0x1000000: compatible is [luo-flb-v2], not \"luo-flb-v1\"");
  }

  @Test
  void aStructuresVersionIsNoTreesVersion() {
    KernelMemory tree = new KernelMemory();
    tree.subtree("LUO", BLOB, Tree.compatible("luo-v5"));
    assertThat(sentenceOf(() -> read(tree)))
        .isEqualTo(
            "/LUO at 0x1000000: the compatible string of a device tree is [luo-v5], none of"
                + " [luo-v1, luo-v2]");

    KernelMemory structure = new KernelMemory().subtree("LUO", BLOB, 32);
    structure.ram.zeros(BLOB, 4096).put(BLOB, "luo-v1");
    assertThat(sentenceOf(() -> read(structure))).endsWith("none of [luo-v3, luo-v4, luo-v5]");
  }

  @Test
  void namesATreeThatIsBroken() {
    KernelMemory kernel = kernel("luo-v1", PageSize.SIZE_4K);
    kernel.ram.put(BLOB + 4, new byte[] {0x7f, 0, 0, 0});

    assertThat(sentenceOf(() -> read(kernel))).startsWith("/LUO at 0x100000");
  }
}
