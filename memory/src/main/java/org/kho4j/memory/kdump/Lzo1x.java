package org.kho4j.memory.kdump;

import java.util.zip.DataFormatException;
import org.kho4j.files.packed.PageCodec;

/**
 * The LZO1X stream format, as in the kernel's Documentation/staging/lzo.rst: instructions of one or
 * two bytes, each with a match and the number of literals after it.
 *
 * <pre>
 *   0000LLLL                    after a match without literals: a long run of literals
 *   0000DDSS H                  after 1 to 3 literals: 2 bytes from within 1 KiB
 *                               after a long run: 3 bytes from 2 KiB and further
 *   0001HLLL DDDDDDSS DDDDDDDD  from 16 KiB to 48 KiB; a distance of 16 KiB exactly is the end
 *   001LLLLL DDDDDDSS DDDDDDDD  within 16 KiB
 *   01LDDDSS H, 1LLDDDSS H      3 to 8 bytes within 2 KiB
 * </pre>
 */
final class Lzo1x {

  /** State before an instruction: 0 to 3 literals after a match, or a run of 4 and more. */
  private static final int AFTER_RUN = 4;

  private final byte[] in;
  private final int end;
  private final byte[] out;

  /** Whether the stream goes on behind what is wanted of it. */
  private final boolean part;

  private int at;
  private int to;

  private Lzo1x(byte[] in, int end, byte[] out, boolean part) {
    this.in = in;
    this.end = end;
    this.out = out;
    this.part = part;
  }

  /** Returns a decoder of pages, which keeps nothing between them. */
  static PageCodec codec() {
    return new PageCodec() {
      @Override
      public int decompress(byte[] in, int length, byte[] page) throws DataFormatException {
        return Lzo1x.decode(in, length, page);
      }

      @Override
      public void decodeBeginning(byte[] in, int length, int pageSize, byte[] beginning)
          throws DataFormatException {
        Lzo1x stream = new Lzo1x(in, length, beginning, true);
        stream.run();
        PageCodec.requireMade(stream.to, beginning);
      }
    };
  }

  /**
   * Decodes one stream.
   *
   * @return the number of decoded bytes
   * @throws DataFormatException if the input is not a stream, the stream does not end with the
   *     input, or is larger than {@code out}
   */
  static int decode(byte[] in, int length, byte[] out) throws DataFormatException {
    Lzo1x stream = new Lzo1x(in, length, out, false);
    stream.run();
    if (stream.at != length) {
      throw new DataFormatException("its lzo stream ends " + (length - stream.at) + " bytes early");
    }
    return stream.to;
  }

  private void run() throws DataFormatException {
    int state = 0;
    if (end > 0 && (in[0] & 0xff) > 17) {
      // A stream may start with its literals.
      int count = (in[at++] & 0xff) - 17;
      literals(count);
      state = Math.min(count, AFTER_RUN);
    }
    while (!part || to < out.length) {
      int code = next();
      int distance;
      int count;
      if (code >= 64) {
        state = code & 3;
        distance = 1 + (code >> 2 & 7) + (next() << 3);
        count = (code >> 5) + 1;
      } else if (code >= 32) {
        count = (code & 31) == 0 ? longCount(31) : code & 31;
        int tail = next() | next() << 8;
        state = tail & 3;
        distance = 1 + (tail >> 2);
        count += 2;
      } else if (code >= 16) {
        count = (code & 7) == 0 ? longCount(7) : code & 7;
        int tail = next() | next() << 8;
        state = tail & 3;
        distance = ((code & 8) << 11) + (tail >> 2);
        if (distance == 0) {
          return;
        }
        distance += 0x4000;
        count += 2;
      } else if (state == 0) {
        literals((code == 0 ? longCount(15) : code) + 3);
        state = AFTER_RUN;
        continue;
      } else if (state == AFTER_RUN) {
        state = code & 3;
        distance = 0x801 + (code >> 2) + (next() << 2);
        count = 3;
      } else {
        state = code & 3;
        distance = 1 + (code >> 2) + (next() << 2);
        count = 2;
      }
      count = wanted(count);
      if (distance > to || count > out.length - to) {
        throw new DataFormatException(
            "an lzo match of " + count + " bytes from " + distance + " back at " + to);
      }
      PageCodec.copyMatch(out, to - distance, to, count);
      to += count;
      literals(state);
    }
  }

  private int next() throws DataFormatException {
    if (at >= end) {
      throw new DataFormatException("its lzo stream is cut off");
    }
    return in[at++] & 0xff;
  }

  /** Reads a count that did not fit its instruction: 255 for each zero byte, then the rest. */
  private int longCount(int base) throws DataFormatException {
    int count = base;
    int more = next();
    while (more == 0) {
      count += 255;
      more = next();
    }
    return count + more;
  }

  private int wanted(int count) {
    return part ? Math.min(count, out.length - to) : count;
  }

  private void literals(int all) throws DataFormatException {
    int count = wanted(all);
    if (count > end - at || count > out.length - to) {
      throw new DataFormatException("an lzo run of " + count + " literals does not fit");
    }
    if (count > 16) {
      System.arraycopy(in, at, out, to, count);
    } else {
      for (int i = 0; i < count; i++) {
        out[to + i] = in[at + i];
      }
    }
    at += count;
    to += count;
  }
}
