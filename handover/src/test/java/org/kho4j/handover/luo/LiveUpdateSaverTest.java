package org.kho4j.handover.luo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdSer;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.memfd.MemfdSaver.Piece;
import org.kho4j.handover.memfd.MemfdSaver.SavedMemfd;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.PreservationException;
import org.kho4j.memory.WritableMemory;

/** What is written of LUO and memfds, in every version and page size, is what is read back. */
class LiveUpdateSaverTest {

  private static final long BASE = 0x40000000L;

  @TempDir Path directory;

  private static Generation generation(PageSize pageSize) {
    WritableMemory memory = WritableMemory.allocate(BASE, 2048L * pageSize.bytes());
    AddressRange scratch = new AddressRange(BASE, 16L * pageSize.bytes());
    return Generation.first(memory, Setup.of(pageSize, List.of(scratch), "luo-test").scattered(11));
  }

  static Stream<Arguments> versionsAndPageSizes() {
    return LuoVersion.ALL.stream()
        .flatMap(version ->
            Stream.of(PageSize.values()).map(pageSize -> Arguments.of(version, pageSize)));
  }

  /** Sessions, files and FLBs as text, in order. */
  private static List<String> read(Generation generation) {
    LiveUpdate luo = generation.outgoing().client(LiveUpdate.CLIENT).orElseThrow();
    List<String> lines = new ArrayList<>();
    lines.add(luo.version() + " " + Long.toUnsignedString(luo.number()));
    luo.sessions()
        .forEach(session -> {
          lines.add("session " + session.name());
          session
              .files()
              .forEach(file ->
                  lines.add(
                      file(file.compatible(), file.data(), file.token())
                          + file.as(Memfd.HANDLER).map(LiveUpdateSaverTest::describe).orElse("")));
        });
    luo.flbs().forEach(flb -> lines.add(flb.toString()));
    return lines;
  }

  private static String file(String compatible, long data, long token) {
    return "%s %x %x".formatted(compatible, data, token);
  }

  private static String describe(Memfd memfd) {
    List<String> folios = new ArrayList<>();
    memfd.forEachFolio(
        (address, index, flags) -> folios.add("%x at %d: %d".formatted(address, index, flags)));
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    try {
      memfd.content().transferTo(Channels.newChannel(content));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return describe(
        memfd.size(), memfd.position(), memfd.seals().orElse(0), folios, content.toByteArray());
  }

  private static String describe(
      long size, long position, long seals, List<String> folios, byte[] content) {
    return " size %d position %d seals %x %s content %x"
        .formatted(size, position, seals, folios, Arrays.hashCode(content));
  }

  /** A state of LUO that nobody chose, written and read back. */
  @ParameterizedTest
  @MethodSource("versionsAndPageSizes")
  void readsBackWhatItWrote(LuoVersion version, PageSize pageSize) throws IOException {
    for (long seed = 1; seed <= 4; seed++) {
      Generation generation = generation(pageSize);
      try (WritableMemory memory = generation.memory()) {
        assertThat(memory.size()).isPositive();
        List<String> expected = write(generation, version, new SplittableRandom(seed));
        assertThat(read(generation)).as("seed %d", seed).isEqualTo(expected);
        generation.handOver();
      }
    }
  }

  private static List<String> write(
      Generation generation, LuoVersion version, SplittableRandom random) throws IOException {
    List<String> expected = new ArrayList<>();
    long number = random.nextLong();
    expected.add(version + " " + Long.toUnsignedString(number));
    List<SavedSession> sessions = new ArrayList<>();
    int count = random.nextInt(5) == 0 ? random.nextInt(60, 150) : random.nextInt(5);
    for (int i = 0; i < count; i++) {
      String name = "s".repeat(random.nextInt(59)) + i;
      expected.add("session " + name);
      List<SavedFile> files = new ArrayList<>();
      int most = random.nextInt(8) == 0 ? 128 : 3;
      for (int f = random.nextInt(most + 1); f > 0; f--) {
        long token = random.nextLong() | 1L << random.nextInt(64);
        if (i < 3 && f == 1) {
          files.add(memfd(generation, name, token, random, expected));
        } else {
          SavedFile file = new SavedFile("h".repeat(random.nextInt(1, 48)), number ^ f, token);
          files.add(file);
          expected.add(file(file.compatible(), file.data(), file.token()));
        }
      }
      sessions.add(new SavedSession(name, files));
    }
    List<Flb> flbs =
        IntStream.range(0, version.flbs() ? random.nextInt(64) : 0)
            .mapToObj(i -> new Flb("flb-" + i, random.nextLong(), random.nextLong()))
            .toList();
    flbs.forEach(flb -> expected.add(flb.toString()));
    LiveUpdateSaver.save(generation, version, number, sessions, flbs);
    return expected;
  }

  private static SavedFile memfd(
      Generation generation,
      String session,
      long token,
      SplittableRandom random,
      List<String> expected)
      throws IOException {
    MemfdVersion version = MemfdVersion.ALL.get(random.nextInt(MemfdVersion.ALL.size()));
    int pageBytes = generation.pageSize().bytes();
    List<Piece> pieces = new ArrayList<>();
    List<String> folios = new ArrayList<>();
    long index = random.nextInt(3);
    for (int i = random.nextInt(6); i > 0; i--) {
      int order = random.nextInt(4);
      index = (index + (1L << order) - 1) & -(1L << order);
      Folio folio = generation.allocate(order);
      int flags = random.nextInt(4);
      pieces.add(new Piece(folio, index, flags));
      folios.add("%x at %d: %d".formatted(folio.address(), index, flags));
      index += (1L << order) + random.nextInt(3);
    }
    long size = 0;
    if (!pieces.isEmpty()) {
      // The file may end within its last folio.
      size = (pieces.getLast().index() << generation.pageSize().shift()) + 1;
      size += random.nextInt(2 * pageBytes);
    }
    byte[] bytes = new byte[(int) size];
    random.nextBytes(bytes);
    MemfdSaver.fill(generation, size, pieces, MemfdSaver.Source.of(MemorySegment.ofArray(bytes)));
    byte[] content = new byte[(int) size];
    for (Piece piece : pieces) {
      int from = (int) (piece.index() * pageBytes);
      int length =
          (int) Math.min(size - from, generation.pageSize().blockBytes(piece.folio().order()));
      System.arraycopy(bytes, from, content, from, length);
    }
    long position = random.nextLong(1L << 62);
    int seals = version.structure().has(MemfdSer.SEALS) ? random.nextInt(0x40) : 0;
    SavedFile saved =
        MemfdSaver.save(
            generation, version, session, token, new SavedMemfd(size, position, seals, pieces));
    expected.add(
        file(version.compatible(), saved.data(), token)
            + describe(size, position, seals, folios, content));
    return saved;
  }

  @Test
  void fillsFoliosOutOfAFile() throws IOException {
    Generation generation = generation(PageSize.SIZE_4K);
    byte[] bytes = new byte[5 * 4096 + 100];
    new SplittableRandom(3).nextBytes(bytes);
    Path file = Files.write(directory.resolve("content"), bytes);
    Folio first = generation.allocate(1);
    Folio last = generation.allocate(1);
    generation.segment(last).fill((byte) 0x5a);
    List<Piece> pieces = List.of(new Piece(first, 0), new Piece(last, 4));
    try (FileChannel channel = FileChannel.open(file)) {
      MemfdSaver.fill(generation, bytes.length, pieces, MemfdSaver.Source.of(channel));
    }
    assertThat(bytes(generation, first)).isEqualTo(Arrays.copyOfRange(bytes, 0, 8192));
    assertThat(bytes(generation, last))
        .startsWith(Arrays.copyOfRange(bytes, 16384, bytes.length))
        .endsWith(new byte[4096 - 100]);
    generation.memory().close();
  }

  private static byte[] bytes(Generation generation, Folio folio) {
    return generation.segment(folio).toArray(ValueLayout.JAVA_BYTE);
  }

  /** The bytes of ABI-HISTORY 11 and 12, of one session with one memfd, put down by hand. */
  @Test
  void writesTheContractsBytes() {
    Generation generation =
        Generation.first(
            WritableMemory.allocate(BASE, 1 << 20),
            Setup.of(PageSize.SIZE_4K, List.of(new AddressRange(BASE, 0x10000)), "luo-test"));
    Folio folio = generation.allocateAt(BASE + 0x24000, 1);
    SavedFile file =
        MemfdSaver.save(
            generation,
            MemfdVersion.V1,
            "vm",
            0x102,
            new SavedMemfd(0xe001, 5, 0, List.of(new Piece(folio, 14, 2))));
    LiveUpdateSaver.save(
        generation,
        LuoVersion.V3,
        7,
        List.of(new SavedSession("vm", List.of(file))),
        List.of(new Flb("f", 0x33, 0x44)));

    long head = generation.outgoing().subtree("LUO").orElseThrow().address();
    String luo = hex(generation, head, 32);
    assertThat(luo).startsWith("6c756f2d76330000" + "0700000000000000");
    long sessions = u64(generation, head + 16);
    long flbs = u64(generation, head + 24);
    assertThat(hex(generation, flbs, 16)).isEqualTo("01000000000000000100000000000000");
    assertThat(hex(generation, flbs + 16, 64))
        .isEqualTo("66" + "00".repeat(47) + "3300000000000000" + "4400000000000000");
    assertThat(hex(generation, sessions, 8)).isEqualTo("0100000000000000");
    assertThat(hex(generation, sessions + 8, 64)).isEqualTo("766d" + "00".repeat(62));
    long files = u64(generation, sessions + 72);
    assertThat(u64(generation, sessions + 80)).isEqualTo(1);
    assertThat(hex(generation, sessions + 88, 0x10000 - 88)).matches("0*");
    assertThat(hex(generation, files, 48))
        .isEqualTo(
            HexFormat.of()
                    .formatHex("memfd-v1".getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                + "00".repeat(40));
    long memfd = u64(generation, files + 48);
    assertThat(hex(generation, files + 56, 8)).isEqualTo("0201000000000000");
    assertThat(hex(generation, memfd, 24))
        .isEqualTo("0500000000000000" + "01e0000000000000" + "0100000000000000");
    // 1 page, flag VM_ALLOC, order 0.
    assertThat(hex(generation, memfd + 32, 8)).isEqualTo("0100000001000000");
    long array = u64(generation, u64(generation, memfd + 24) + 8);
    // pfn 0x40024, flag uptodate; index 14.
    assertThat(hex(generation, array, 16)).isEqualTo("2400040000002000" + "0e00000000000000");
    assertThat(hex(generation, array + 16, 4096 - 16)).matches("0*");
    generation.memory().close();
  }

  private static long u64(Generation generation, long address) {
    return generation.memory().read(address, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
  }

  private static String hex(Generation generation, long address, int bytes) {
    return HexFormat.of()
        .formatHex(generation.memory().read(address, bytes).toArray(ValueLayout.JAVA_BYTE));
  }

  private static String refusal(LuoVersion version, List<SavedSession> sessions, List<Flb> flbs) {
    return refusal(generation(PageSize.SIZE_4K), version, sessions, flbs);
  }

  private static String refusal(
      Generation generation, LuoVersion version, List<SavedSession> sessions, List<Flb> flbs) {
    long free = generation.freePages();
    String message =
        catchThrowableOfType(
                PreservationException.class,
                () -> LiveUpdateSaver.save(generation, version, 1, sessions, flbs))
            .getMessage();
    assertThat(generation.freePages()).as("what a refused operation took").isEqualTo(free);
    assertThat(generation.outgoing().subtree("LUO")).isEmpty();
    generation.memory().close();
    return message;
  }

  private static List<SavedSession> sessions(int count) {
    return IntStream.range(0, count).mapToObj(i -> new SavedSession("s" + i, List.of())).toList();
  }

  private static List<SavedSession> files(int count) {
    return List.of(
        new SavedSession(
            "s", IntStream.range(0, count).mapToObj(i -> new SavedFile("h", 0, i)).toList()));
  }

  @Test
  void refusesWhatArraysHaveNoRoomFor() {
    assertThat(refusal(LuoVersion.V3, sessions(820), List.of()))
        .isEqualTo("/LUO/sessions: 820 entries, but the 16 pages of this version hold 819");
    assertThat(refusal(LuoVersion.V4, files(129), List.of()))
        .isEqualTo(
            "/LUO/session \"s\"/files: 129 entries, but the 2 pages of this version hold 128");
  }

  @Test
  void refusesLuoBesideBitmapsOf512Bytes() {
    AddressRange scratch = new AddressRange(BASE, 0x10000);
    Generation generation =
        Generation.first(
            WritableMemory.allocate(BASE, 64 << 20),
            Setup.of(PageSize.SIZE_4K, List.of(scratch), "")
                .withLayout(KhoLayout.of("kho-v1@6.16").orElseThrow()));
    assertThat(refusal(generation, LuoVersion.V1, List.of(), List.of()))
        .isEqualTo(
            "/LUO: kho-v1@6.16 (Linux 6.16 to 6.17.8) has bitmaps of 512 bytes, and no kernel with"
                + " these has LUO");
  }

  @Test
  void refusesFlbsThatThePageHasNoRoomFor() {
    List<Flb> flbs = IntStream.range(0, 64).mapToObj(i -> new Flb("f" + i, 0, 1)).toList();
    assertThat(refusal(LuoVersion.V5, List.of(), flbs))
        .isEqualTo("/LUO/flbs: 64 FLBs, but luo-v5 has room for 63");
    assertThat(refusal(LuoVersion.V1_WITHOUT_FLBS, List.of(), flbs.subList(0, 1)))
        .isEqualTo("/LUO/flbs: 1 FLBs, but luo-v1@6.19 has room for 0");
    assertThat(refusal(LuoVersion.V5, List.of(), List.of(flbs.getFirst(), flbs.getFirst())))
        .isEqualTo("/LUO/flbs: two FLBs have the name \"f0\"");
  }

  @Test
  void refusesNamesAndTokensThatAKernelRefuses() {
    assertThat(refusal(LuoVersion.V5, List.of(new SavedSession("", List.of())), List.of()))
        .isEqualTo(
            "/LUO/session \"\": name \"\" has 0 bytes; 1 to 63 bytes of UTF-8 without a"
                + " NUL are allowed");
    assertThat(refusal(LuoVersion.V5, List.of(new SavedSession("\ud800", List.of())), List.of()))
        .contains("1 to 63 bytes of UTF-8 without a NUL are allowed");
    String longName = "ä".repeat(32);
    assertThat(refusal(LuoVersion.V5, List.of(new SavedSession(longName, List.of())), List.of()))
        .contains("has 64 bytes; 1 to 63");
    assertThat(
            refusal(
                LuoVersion.V1, List.of(sessions(1).getFirst(), sessions(1).getFirst()), List.of()))
        .isEqualTo("/LUO/session \"s0\": another session also has this name");
    SavedFile file = new SavedFile("h", 0, -1);
    assertThat(
            refusal(LuoVersion.V5, List.of(new SavedSession("s", List.of(file, file))), List.of()))
        .isEqualTo(
            "/LUO/session \"s\"/file 0xffffffffffffffff: another file of the session also has"
                + " this token");
    assertThat(
            refusal(
                LuoVersion.V5,
                List.of(new SavedSession("s", List.of(new SavedFile("h".repeat(48), 0, 1)))),
                List.of()))
        .contains("compatible \"hhh")
        .contains("has 48 bytes; 1 to 47");
  }

  private static String refusedMemfd(MemfdVersion version, SavedMemfd memfd) {
    Generation generation = generation(PageSize.SIZE_4K);
    String message =
        catchThrowableOfType(
                PreservationException.class,
                () -> MemfdSaver.save(generation, version, "s", 1, memfd))
            .getMessage();
    generation.memory().close();
    return message;
  }

  @Test
  void refusesMemfdsThatNoKernelWrites() {
    Folio folio = new Folio(BASE + 0x100000, 1);
    assertThat(refusedMemfd(MemfdVersion.V2, new SavedMemfd(1, 0, 0, List.of())))
        .isEqualTo(
            "/LUO/session \"s\"/file 0x1: 1 bytes in 0 folios: a kernel expects folios if and"
                + " only if the size is not 0");
    assertThat(
            refusedMemfd(MemfdVersion.V2, new SavedMemfd(1, 0, 0x40, List.of(new Piece(folio, 0)))))
        .endsWith("seals 0x40 are beyond 0x3f");
    assertThat(refusedMemfd(MemfdVersion.V1, new SavedMemfd(1, 0, 1, List.of(new Piece(folio, 0)))))
        .endsWith("memfd-v1 keeps no seals");
    for (Piece piece : List.of(new Piece(folio, 1), new Piece(folio, 4), new Piece(folio, 0, 4))) {
      assertThat(refusedMemfd(MemfdVersion.V2, new SavedMemfd(0x3000, 0, 0, List.of(piece))))
          .contains("a folio of order 1 at index " + piece.index());
    }
    assertThat(
            refusedMemfd(
                MemfdVersion.V2,
                new SavedMemfd(0x8000, 0, 0, List.of(new Piece(folio, 2), new Piece(folio, 2)))))
        .contains("indexes ascend from 4");
  }
}
