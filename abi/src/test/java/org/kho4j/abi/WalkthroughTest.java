package org.kho4j.abi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The walkthroughs against the captures that they read. */
class WalkthroughTest {

  private static final PageSize PAGE = PageSize.SIZE_4K;
  private static final CapturedPages KHO_TEST =
      CapturedPages.read("linux-7.3.4-jump-kho-test", PAGE);
  private static final CapturedPages LUO = CapturedPages.read("linux-7.3.4-jump-luo", PAGE);

  @ParameterizedTest
  @ValueSource(strings = {"walkthrough.md", "walkthrough-luo.md"})
  void everyLineOfBytesIsInTheCapture(String page) {
    Pattern dump = Pattern.compile("(?m)^([0-9a-f]{8})  ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?= |$)");
    var lines = dump.matcher(text(page)).results().toList();
    assertThat(lines).hasSizeGreaterThan(30);
    for (MatchResult line : lines) {
      long address = Long.parseLong(line.group(1), 16);
      byte[] expected = HexFormat.ofDelimiter(" ").parseHex(line.group(2));
      byte[] actual =
          (page.equals("walkthrough.md") ? KHO_TEST : LUO).bytes(address, expected.length);
      assertThat(actual).as(line.group()).isEqualTo(expected);
    }
  }

  @Test
  void theMapIsWhatTheWalkthroughSays() {
    Map<Long, Integer> blocks = KHO_TEST.preserved(0x491000);
    assertThat(blocks)
        .isEqualTo(
            Map.of(
                0x492000L,
                0,
                0x498000L,
                0,
                0x528000L,
                0,
                0x549000L,
                0,
                0x732000L,
                0,
                0x550000L,
                1,
                0x560000L,
                5,
                0x580000L,
                5,
                0x7700000L,
                8));
    String page = text("walkthrough.md");
    blocks.forEach((address, order) ->
        assertThat(page)
            .contains("| 0x%x | %d | %,d |".formatted(address, order, PAGE.blockBytes(order))));
  }

  @Test
  void theFirstPageOfDataIsReachedByTheTables() {
    ByteBuffer record = KHO_TEST.page(0x777000);
    int setupData = 0x80;
    assertThat(record.getInt(setupData + SetupData.TYPE.offset()))
        .isEqualTo(SetupData.TYPE_KEXEC_KHO);
    assertThat(record.getLong(setupData + SetupData.FDT_ADDR.offset())).isEqualTo(0x492000);
    assertThat(record.getLong(setupData + SetupData.SCRATCH_SIZE.offset()))
        .isEqualTo(3L * KhoScratch.STRUCTURE.headerSize());
    int descriptor = 0x98;
    ByteBuffer blob = KHO_TEST.page(0x550000);
    assertThat(blob.getInt(descriptor + KhoVmalloc.TOTAL_PAGES.offset())).isEqualTo(1);
    assertThat(blob.getShort(descriptor + KhoVmalloc.FLAGS.offset()))
        .isEqualTo((short) KhoVmalloc.FLAG_ALLOC);
    ByteBuffer chunk = KHO_TEST.page(blob.getLong(descriptor + KhoVmalloc.FIRST.offset()));
    assertThat(chunk.getLong(KhoVmallocChunk.NEXT.offset())).isZero();
    ByteBuffer area = KHO_TEST.page(chunk.getLong(KhoVmallocChunk.STRUCTURE.headerSize()));
    assertThat(area.getLong(0)).isEqualTo(0x560005);
    assertThat(KhoRadix.key(PAGE, 0x560000, 5)).isEqualTo(0x80000000002bL);
    ByteBuffer metadata = KHO_TEST.page(0x498000);
    assertThat(metadata.getInt(KexecMetadata.VERSION.offset())).isEqualTo(1);
    assertThat(metadata.getInt(KexecMetadata.KEXEC_COUNT.offset())).isEqualTo(1);
  }

  @Test
  void theFirstPageOfTheMemfdIsReachedByTheTables() {
    Map<Long, Integer> blocks = LUO.preserved(0x511000);
    assertThat(blocks).hasSize(36);
    ByteBuffer head = preserved(blocks, 0x698000);
    ByteBuffer sessions = preserved(blocks, head.getLong(LuoSer.SESSIONS_PA.offset()));
    assertThat(sessions.getLong(KhoBlock.NEXT.offset())).isZero();
    assertThat(sessions.getLong(KhoBlock.COUNT.offset())).isEqualTo(5);
    int first = LuoBlocks.SESSIONS.headerSize();
    int last = first + 4 * LuoSession.STRUCTURE.headerSize();
    int fileSet = LuoSession.FILE_SET.offset();
    assertThat(name(sessions, first)).isEqualTo("kexec_multi_state");
    assertThat(name(sessions, last)).isEqualTo("multi-test-files-2");
    assertThat(sessions.getLong(last + fileSet + LuoFileSet.COUNT.offset())).isEqualTo(2);
    ByteBuffer files =
        preserved(blocks, sessions.getLong(first + fileSet + LuoFileSet.FILES.offset()));
    int file = LuoBlocks.FILES.headerSize();
    assertThat(name(files, file)).isEqualTo("memfd-v2");
    assertThat(files.getLong(file + LuoFile.TOKEN.offset())).isEqualTo(998);
    ByteBuffer memfd = preserved(blocks, files.getLong(file + LuoFile.DATA.offset()));
    assertThat(memfd.getLong(MemfdSer.SIZE.offset())).isEqualTo(4096);
    assertThat(memfd.getInt(MemfdSer.SEALS.offset())).isEqualTo(1);
    int descriptor = MemfdSer.FOLIOS.offset();
    ByteBuffer chunk = preserved(blocks, memfd.getLong(descriptor + KhoVmalloc.FIRST.offset()));
    ByteBuffer area = preserved(blocks, chunk.getLong(KhoVmallocChunk.STRUCTURE.headerSize()));
    long folio = area.getLong(MemfdFolio.PFN_AND_FLAGS.offset());
    assertThat(folio >>> MemfdFolio.PFN_BITS)
        .isEqualTo(MemfdFolio.FLAG_DIRTY | MemfdFolio.FLAG_UPTODATE);
    assertThat((folio & MemfdFolio.PFN_MASK) << PAGE.shift()).isEqualTo(0x1b73000);
    assertThat(blocks).containsEntry(0x1b73000L, 0);
    ByteBuffer flbs = preserved(blocks, head.getLong(LuoSer.FLBS_PA.offset()));
    assertThat(flbs.getLong(LuoFlb.HEADER_COUNT.offset())).isEqualTo(3);
    assertThat(name(flbs, LuoFlb.HEADER.headerSize())).isEqualTo("liveupdate-test-flb-v0");
  }

  private ByteBuffer preserved(Map<Long, Integer> blocks, long address) {
    assertThat(blocks).containsEntry(address, 0);
    assertThat(text("walkthrough-luo.md")).contains("| 0x%x |".formatted(address));
    return LUO.page(address);
  }

  private static String name(ByteBuffer page, int offset) {
    int end = offset;
    while (page.get(end) != 0) {
      end++;
    }
    byte[] bytes = new byte[end - offset];
    page.get(offset, bytes);
    return new String(bytes, US_ASCII);
  }

  private static String text(String page) {
    try {
      return Files.readString(
          Path.of(System.getProperty("basedir", "."), "..", "docs", "abi", page));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
