package org.kho4j.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The walkthrough against the capture that it reads. The resource has the pages of that capture
 * that KHO structures are in: an address and 4096 bytes for each.
 */
class WalkthroughTest {

  private static final PageSize PAGE = PageSize.SIZE_4K;
  private static final Map<Long, ByteBuffer> MEMORY = new HashMap<>();

  @BeforeAll
  static void readCapture() throws IOException {
    try (var in =
        new DataInputStream(
            new GZIPInputStream(
                WalkthroughTest.class.getResourceAsStream("linux-7.3.4-jump-kho-test.pages.gz")))) {
      byte[] head = in.readNBytes(8);
      while (head.length == 8) {
        long address = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong();
        MEMORY.put(
            address, ByteBuffer.wrap(in.readNBytes(PAGE.bytes())).order(ByteOrder.LITTLE_ENDIAN));
        head = in.readNBytes(8);
      }
    }
  }

  @Test
  void everyLineOfBytesIsInTheCapture() {
    Pattern dump = Pattern.compile("(?m)^([0-9a-f]{8})  ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?= |$)");
    String page = ReferencePages.all().get("walkthrough.md");
    var lines = dump.matcher(page).results().toList();
    assertThat(lines).hasSizeGreaterThan(40);
    for (MatchResult line : lines) {
      long address = Long.parseLong(line.group(1), 16);
      byte[] expected = HexFormat.ofDelimiter(" ").parseHex(line.group(2));
      byte[] actual = new byte[expected.length];
      page(address & -PAGE.bytes()).get((int) (address & (PAGE.bytes() - 1)), actual);
      assertThat(actual).as(line.group()).isEqualTo(expected);
    }
  }

  @Test
  void theMapIsWhatTheWalkthroughSays() {
    Map<Long, Integer> blocks = new TreeMap<>();
    walk(0x491000, KhoVersion.V4.map().depth(PAGE) - 1, 0, blocks);
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
    String page = ReferencePages.all().get("walkthrough.md");
    blocks.forEach((address, order) ->
        assertThat(page)
            .contains("| 0x%x | %d | %,d |".formatted(address, order, PAGE.blockBytes(order))));
  }

  @Test
  void theFirstPageOfDataIsReachedByTheTables() {
    ByteBuffer record = page(0x777000);
    int setupData = 0x80;
    assertThat(record.getInt(setupData + SetupData.TYPE.offset()))
        .isEqualTo(SetupData.TYPE_KEXEC_KHO);
    assertThat(record.getLong(setupData + SetupData.FDT_ADDR.offset())).isEqualTo(0x492000);
    assertThat(record.getLong(setupData + SetupData.SCRATCH_SIZE.offset()))
        .isEqualTo(3L * KhoScratch.STRUCTURE.headerSize());
    int descriptor = 0x98;
    ByteBuffer blob = page(0x550000);
    assertThat(blob.getInt(descriptor + KhoVmalloc.TOTAL_PAGES.offset())).isEqualTo(1);
    assertThat(blob.getShort(descriptor + KhoVmalloc.FLAGS.offset()))
        .isEqualTo((short) KhoVmalloc.FLAG_ALLOC);
    ByteBuffer chunk = page(blob.getLong(descriptor + KhoVmalloc.FIRST.offset()));
    assertThat(chunk.getLong(KhoVmallocChunk.NEXT.offset())).isZero();
    ByteBuffer area = page(chunk.getLong(KhoVmallocChunk.STRUCTURE.headerSize()));
    assertThat(area.getLong(0)).isEqualTo(0x560005);
    assertThat(KhoRadix.key(PAGE, 0x560000, 5)).isEqualTo(0x80000000002bL);
    ByteBuffer metadata = page(0x498000);
    assertThat(metadata.getInt(KexecMetadata.VERSION.offset())).isEqualTo(1);
    assertThat(metadata.getInt(KexecMetadata.KEXEC_COUNT.offset())).isEqualTo(1);
  }

  private static void walk(long node, int level, long key, Map<Long, Integer> blocks) {
    ByteBuffer page = page(node);
    for (int i = 0; i < PAGE.bytes() / Long.BYTES; i++) {
      long entry = page.getLong(i * Long.BYTES);
      if (level > 0 && entry != 0) {
        walk(entry, level - 1, key | (long) i << KhoRadix.levelShift(PAGE, level), blocks);
      }
      for (long bits = level == 0 ? entry : 0; bits != 0; bits &= bits - 1) {
        long found = key | ((long) i * Long.SIZE + Long.numberOfTrailingZeros(bits));
        blocks.put(KhoRadix.address(PAGE, found), KhoRadix.order(PAGE, found));
      }
    }
  }

  private static ByteBuffer page(long address) {
    ByteBuffer page = MEMORY.get(address);
    assertThat(page).as("page 0x%x of the capture", address).isNotNull();
    return page;
  }
}
