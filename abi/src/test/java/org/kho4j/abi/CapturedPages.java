package org.kho4j.abi;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * The pages of a capture that KHO structures are in. The resource has an address and the bytes of
 * the page for each of them.
 */
record CapturedPages(PageSize pageSize, Map<Long, ByteBuffer> pages) {

  static CapturedPages read(String capture, PageSize pageSize) {
    Map<Long, ByteBuffer> pages = new HashMap<>();
    try (var in =
        new DataInputStream(
            new GZIPInputStream(
                Objects.requireNonNull(
                    CapturedPages.class.getResourceAsStream(capture + ".pages.gz"))))) {
      byte[] head = in.readNBytes(Long.BYTES);
      while (head.length == Long.BYTES) {
        long address = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] page = in.readNBytes(pageSize.bytes());
        pages.put(address, ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN));
        head = in.readNBytes(Long.BYTES);
      }
      return new CapturedPages(pageSize, pages);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The page at that address. */
  ByteBuffer page(long address) {
    ByteBuffer page = pages.get(address);
    if (page == null) {
      throw new IllegalArgumentException("page 0x%x is not in the capture".formatted(address));
    }
    return page;
  }

  byte[] bytes(long address, int count) {
    byte[] bytes = new byte[count];
    page(address & -pageSize.bytes()).get((int) (address & (pageSize.bytes() - 1)), bytes);
    return bytes;
  }

  /** The preserved map: order by address. */
  Map<Long, Integer> preserved(long root) {
    Map<Long, Integer> blocks = new TreeMap<>();
    walk(root, KhoLayout.newest().map().depth(pageSize) - 1, 0, blocks);
    return blocks;
  }

  private void walk(long node, int level, long key, Map<Long, Integer> blocks) {
    ByteBuffer page = page(node);
    for (int i = 0; i < pageSize.bytes() / Long.BYTES; i++) {
      long entry = page.getLong(i * Long.BYTES);
      if (level > 0 && entry != 0) {
        walk(entry, level - 1, key | (long) i << KhoRadix.levelShift(pageSize, level), blocks);
      }
      for (long bits = level == 0 ? entry : 0; bits != 0; bits &= bits - 1) {
        long found = key | ((long) i * Long.SIZE + Long.numberOfTrailingZeros(bits));
        blocks.put(KhoRadix.address(pageSize, found), KhoRadix.order(pageSize, found));
      }
    }
  }
}
