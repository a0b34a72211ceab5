package org.kho4j.files.packed;

import java.util.zip.DataFormatException;

/**
 * Decompresses snappy's raw format: the length as a varint, then literals and copies. The lowest
 * two bits of an element's first byte tell which.
 */
public final class SnappyPage implements PageCodec {

  /** A decoder, which keeps nothing between pages. */
  public SnappyPage() {}

  @Override
  public int decompress(byte[] in, int length, byte[] page) throws DataFormatException {
    return decompress(in, length, page.length, page);
  }

  @Override
  public void decodeBeginning(byte[] in, int length, int pageSize, byte[] beginning)
      throws DataFormatException {
    PageCodec.requireMade(decompress(in, length, pageSize, beginning), beginning);
  }

  /** Decompresses at most {@code most} bytes, of which {@code page} takes the first ones. */
  private static int decompress(byte[] in, int length, int most, byte[] page)
      throws DataFormatException {
    int at = 0;
    long expected = 0;
    for (int shift = 0; ; shift += 7) {
      if (at == length || shift > 28) {
        throw new DataFormatException("its snappy length does not end");
      }
      int part = in[at++];
      expected |= (part & 0x7fL) << shift;
      if (part >= 0) {
        break;
      }
    }
    if (expected > most) {
      throw new DataFormatException(
          "its snappy length is " + expected + ", and there is room for " + most);
    }
    int wanted = (int) Math.min(expected, page.length);
    int made = elements(in, at, length, page, wanted, wanted < expected);
    if (made != wanted) {
      throw new DataFormatException(
          "its snappy length is " + expected + ", and it decompresses to " + made + " bytes");
    }
    return made;
  }

  /**
   * Decompresses elements.
   *
   * @param part whether more than {@code room} bytes are there
   */
  private static int elements(byte[] in, int start, int length, byte[] page, int room, boolean part)
      throws DataFormatException {
    int at = start;
    int to = 0;
    while (at < length && !(part && to == room)) {
      int tag = in[at++] & 0xff;
      int type = tag & 3;
      int high = tag >> 2;
      if (type == 0) {
        int extra = Math.max(0, high - 59);
        long count = 1L + (extra == 0 ? high : number(in, at, length, extra));
        at += extra;
        count = part ? Math.min(count, room - to) : count;
        if (count > length - at || count > room - to) {
          throw new DataFormatException("a snappy literal of " + count + " bytes does not fit");
        }
        System.arraycopy(in, at, page, to, (int) count);
        at += (int) count;
        to += (int) count;
        continue;
      }
      int size = type == 3 ? 4 : type;
      long distance = number(in, at, length, size);
      at += size;
      int count = high + 1;
      if (type == 1) {
        distance |= (long) (high >> 3) << 8;
        count = (high & 7) + 4;
      }
      count = part ? Math.min(count, room - to) : count;
      if (distance == 0 || distance > to || count > room - to) {
        throw new DataFormatException(
            "a snappy copy of " + count + " bytes from " + distance + " back at " + to);
      }
      PageCodec.copyMatch(page, to - (int) distance, to, count);
      to += count;
    }
    return to;
  }

  private static long number(byte[] in, int at, int length, int bytes) throws DataFormatException {
    if (bytes > length - at) {
      throw new DataFormatException("a snappy element is cut off");
    }
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (in[at + i] & 0xff);
    }
    return value;
  }
}
