package org.kho4j.verify.luo;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.LuoSer;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.luo.Flb;
import org.kho4j.handover.luo.LiveUpdateSaver;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.memfd.MemfdSaver.Piece;
import org.kho4j.handover.memfd.MemfdSaver.SavedMemfd;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.WritableMemory;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;

/** What the engine writes of LUO is sound, in every version and page size. */
class WrittenLuoTest {

  /** What is to be said of a version, whoever wrote it. */
  private static final Map<LuoVersion, List<String>> SAID =
      Map.of(
          LuoVersion.V1_WITHOUT_FLBS, List.of("LUO-014"),
          LuoVersion.V2, List.of("LUO-003"),
          LuoVersion.V3, List.of("LUO-003"),
          LuoVersion.V4, List.of("LUO-003"),
          LuoVersion.COMPOSITE, List.of("LUO-017"),
          LuoVersion.FEATURED, List.of("LUO-017"));

  static Stream<Arguments> versionsAndPageSizes() {
    return Stream.concat(LuoVersion.ALL.stream(), LuoVersion.DEVELOPMENT.stream())
        .flatMap(version ->
            Stream.of(PageSize.values())
                .flatMap(pageSize ->
                    Stream.concat(MemfdVersion.ALL.stream(), MemfdVersion.DEVELOPMENT.stream())
                        .map(memfd -> Arguments.of(version, memfd, pageSize))));
  }

  @ParameterizedTest
  @MethodSource("versionsAndPageSizes")
  void isSound(LuoVersion version, MemfdVersion memfd, PageSize pageSize) throws Exception {
    AddressRange scratch = new AddressRange(0, 16L * pageSize.bytes());
    try (WritableMemory memory = WritableMemory.allocate(0, 512L * pageSize.bytes())) {
      Generation generation =
          Generation.first(memory, Setup.of(pageSize, List.of(scratch), "luo-test").scattered(5));
      List<SavedSession> sessions = new ArrayList<>();
      sessions.add(new SavedSession("empty", List.of()));
      for (String name : List.of("one", "two")) {
        List<SavedFile> files = new ArrayList<>();
        for (long token = 0; token < 3; token++) {
          files.add(memfd(generation, memfd, name, token));
        }
        sessions.add(new SavedSession(name, files));
      }
      List<Flb> flbs = version.flbs() ? List.of(new Flb("flb-v1", 5, 6)) : List.of();
      LiveUpdateSaver.save(generation, version, 1, sessions, flbs);

      List<Finding> findings = new ArrayList<>();
      Checked checked =
          Verifier.verify(List.of(generation.outgoing()), Verifier.Options.ALL, findings::add);
      assertThat(findings)
          .extracting(finding -> finding.rule().id())
          // The newest version of KHO is that of no release with an older LUO.
          .filteredOn(rule -> !rule.equals("LUO-016"))
          // Each memfd of a version in development is named; an FLB of no known client too.
          .filteredOn(rule -> !(memfd.isDevelopment() && rule.equals("MEMFD-019")))
          .filteredOn(rule -> !rule.equals("DEV-001"))
          .containsExactlyElementsOf(SAID.getOrDefault(version, List.of()));
      assertThat(checked.counts())
          .containsEntry("sessions", 3L)
          .containsEntry("files", 6L)
          .containsEntry("memfds", 6L)
          .containsEntry("unclaimedBytes", 0L);
    }
  }

  /** Linux 7.1.8 restores all of it. */
  @Test
  void nobodyReadsTheSizeOfATree() throws Exception {
    AddressRange scratch = new AddressRange(0, 1 << 16);
    try (WritableMemory memory = WritableMemory.allocate(0, 4 << 20)) {
      Generation generation =
          Generation.first(
              memory,
              Setup.of(PageSize.SIZE_4K, List.of(scratch), "luo-test")
                  .withLayout(KhoLayout.of("kho-v3@7.1").orElseThrow()));
      LiveUpdateSaver.save(generation, LuoVersion.V1, 1, List.of(), List.of());
      long size = generation.outgoing().subtree(LuoSer.SUBTREE).orElseThrow().size();
      MemorySegment root = memory.writable(generation.outgoing().root().address(), 4096);
      long at = 0;
      while (root.get(StructureView.U64, at) != size) {
        at += Integer.BYTES;
      }
      root.set(StructureView.U64, at, 8);

      List<Finding> findings = new ArrayList<>();
      Verifier.verify(List.of(generation.outgoing()), Verifier.Options.ALL, findings::add);
      assertThat(findings)
          .extracting(finding -> finding.rule().id())
          .contains("FDT-010")
          .doesNotContain("LUO-001");
    }
  }

  /** No folio, one that the file ends in, three of several orders. */
  private static SavedFile memfd(
      Generation generation, MemfdVersion version, String session, long token) throws Exception {
    int pageBytes = generation.pageSize().bytes();
    List<Piece> pieces =
        switch ((int) token) {
          case 0 -> List.of();
          case 1 -> List.of(new Piece(generation.allocate(0), 0));
          default ->
              List.of(
                  new Piece(generation.allocate(3), 0),
                  new Piece(generation.allocate(1), 8),
                  new Piece(generation.allocate(0), 10));
        };
    long size = token == 0 ? 0 : token == 1 ? 17 : 10L * pageBytes + 99;
    MemfdSaver.fill(
        generation,
        size,
        pieces,
        MemfdSaver.Source.of(MemorySegment.ofArray(new byte[(int) size])));
    return MemfdSaver.save(generation, version, session, token, new SavedMemfd(size, 0, 0, pieces));
  }
}
