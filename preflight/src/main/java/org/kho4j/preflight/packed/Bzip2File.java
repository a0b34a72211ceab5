package org.kho4j.preflight.packed;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import org.kho4j.memory.unpacked.Decoder;
import org.kho4j.memory.unpacked.UnpackedOutput;

/**
 * A .bz2 file: blocks of up to 900,000 bytes, each run-length coded, sorted (Burrows and Wheeler),
 * moved to front, and Huffman coded by up to six tables that take turns every 50 symbols.
 */
final class Bzip2File implements Decoder {

  private static final long BLOCK_MAGIC = 0x314159265359L;
  private static final long END_MAGIC = 0x177245385090L;
  private static final int GROUP = 50;
  private static final int MAX_TABLES = 6;
  private static final int MAX_SELECTORS = 18002;
  private static final int MAX_SYMBOLS = 258;
  private static final int MAX_CODE = 20;
  private static final int[] CRC = crcTable();

  private PackedInput in = new PackedInput(MemorySegment.NULL);
  private long bits;
  private int bitCount;
  private int[] block = new int[0];

  private final byte[] selectors = new byte[MAX_SELECTORS];
  private final Bzip2Table[] tables = new Bzip2Table[MAX_TABLES];

  @Override
  public String format() {
    return "bzip2";
  }

  @Override
  public long position() {
    return in.position();
  }

  static boolean matches(int magic) {
    int level = magic >>> 24;
    return (magic & 0xffffff) == ('B' | 'Z' << 8 | 'h' << 16) && level >= '1' && level <= '9';
  }

  @Override
  public void decode(MemorySegment packed, UnpackedOutput out)
      throws IOException, DataFormatException {
    in = new PackedInput(packed);
    do {
      stream(out);
      // What is left of the last byte is padding.
      bitCount = 0;
    } while (in.remaining() > 0);
  }

  private void stream(UnpackedOutput out) throws IOException, DataFormatException {
    int magic = in.u32();
    XzFile.require(matches(magic), "no bzip2 stream where one should start");
    int size = ((magic >>> 24) - '0') * 100_000;
    if (block.length < size) {
      block = new int[size];
    }
    int all = 0;
    long kind = take48();
    while (kind == BLOCK_MAGIC) {
      int stored = take(32);
      int crc = block(out, size);
      XzFile.require(crc == stored, "a bzip2 block whose sum does not fit its content");
      all = (all << 1 | all >>> 31) ^ crc;
      kind = take48();
    }
    XzFile.require(kind == END_MAGIC, "no bzip2 block where one should start");
    XzFile.require(take(32) == all, "bzip2 whose sum does not fit its content");
  }

  private long take48() throws DataFormatException {
    return (long) take(24) << 24 | take(24);
  }

  private int take(int count) throws DataFormatException {
    if (count > 24) {
      return take(count - 16) << 16 | take(16);
    }
    while (bitCount < count) {
      bits = bits << 8 | in.u8();
      bitCount += 8;
    }
    bitCount -= count;
    return (int) (bits >>> bitCount) & ((1 << count) - 1);
  }

  private int block(UnpackedOutput out, int limit) throws IOException, DataFormatException {
    XzFile.require(take(1) == 0, "a randomised bzip2 block, which nothing writes any more");
    int origin = take(24);
    byte[] symbols = readSymbols();
    int tableCount = take(3);
    XzFile.require(
        tableCount >= 2 && tableCount <= MAX_TABLES, "a bzip2 block of " + tableCount + " tables");
    int selectorCount = readSelectors(tableCount);
    for (int i = 0; i < tableCount; i++) {
      tables[i] = readTable(symbols.length + 2);
    }
    int[] counts = new int[256];
    int length = readBlock(symbols, selectorCount, limit, counts);
    XzFile.require(
        origin < length, "a bzip2 block of " + length + " bytes that starts at " + origin);
    unsort(length, counts);
    return write(out, length, origin);
  }

  private byte[] readSymbols() throws DataFormatException {
    int ranges = take(16);
    byte[] symbols = new byte[256];
    int count = 0;
    for (int i = 0; i < 16; i++) {
      if ((ranges >>> (15 - i) & 1) == 0) {
        continue;
      }
      int used = take(16);
      for (int j = 0; j < 16; j++) {
        if ((used >>> (15 - j) & 1) != 0) {
          symbols[count++] = (byte) (16 * i + j);
        }
      }
    }
    XzFile.require(count > 0, "a bzip2 block without symbols");
    return Arrays.copyOf(symbols, count);
  }

  private int readSelectors(int tableCount) throws DataFormatException {
    int count = take(15);
    XzFile.require(count > 0, "a bzip2 block without selectors");
    byte[] order = {0, 1, 2, 3, 4, 5};
    for (int i = 0; i < count; i++) {
      int place = 0;
      while (take(1) != 0) {
        place++;
        XzFile.require(place < tableCount, "a bzip2 selector of more tables than there are");
      }
      byte table = order[place];
      System.arraycopy(order, 0, order, 1, place);
      order[0] = table;
      // Some encoders write more than a block can need.
      if (i < MAX_SELECTORS) {
        selectors[i] = table;
      }
    }
    return Math.min(count, MAX_SELECTORS);
  }

  private Bzip2Table readTable(int symbols) throws DataFormatException {
    byte[] lengths = new byte[symbols];
    int length = take(5);
    for (int i = 0; i < symbols; i++) {
      while (take(1) != 0) {
        length += take(1) == 0 ? 1 : -1;
        XzFile.require(length >= 1 && length <= MAX_CODE, "a bzip2 code of " + length + " bits");
      }
      XzFile.require(length >= 1 && length <= MAX_CODE, "a bzip2 code of " + length + " bits");
      lengths[i] = (byte) length;
    }
    return new Bzip2Table(lengths);
  }

  /** Reads symbols until the end of the block; returns how many bytes they stand for. */
  private int readBlock(byte[] symbols, int selectorCount, int limit, int[] counts)
      throws DataFormatException {
    int end = symbols.length + 1;
    byte[] front = symbols.clone();
    int length = 0;
    int run = 0;
    int runBit = 1;
    int group = 0;
    int left = 0;
    Bzip2Table table = tables[0];
    while (true) {
      if (left == 0) {
        XzFile.require(group < selectorCount, "a bzip2 block that goes on after its last selector");
        table = tables[selectors[group++]];
        left = GROUP;
      }
      left--;
      int symbol = symbol(table);
      if (symbol < 2) {
        // Runs are numbers in base 2 with the digits 1 and 2.
        run += runBit << symbol;
        runBit <<= 1;
        XzFile.require(run <= limit, "a bzip2 run of more than a block");
        continue;
      }
      if (run > 0) {
        XzFile.require(run <= limit - length, "a bzip2 block of more than " + limit + " bytes");
        Arrays.fill(block, length, length + run, front[0] & 0xff);
        counts[front[0] & 0xff] += run;
        length += run;
        run = 0;
        runBit = 1;
      }
      if (symbol == end) {
        return length;
      }
      XzFile.require(length < limit, "a bzip2 block of more than " + limit + " bytes");
      byte value = front[symbol - 1];
      System.arraycopy(front, 0, front, 1, symbol - 1);
      front[0] = value;
      block[length++] = value & 0xff;
      counts[value & 0xff]++;
    }
  }

  private int symbol(Bzip2Table table) throws DataFormatException {
    int code = 0;
    for (int length = 1; length <= MAX_CODE; length++) {
      code = code << 1 | take(1);
      int symbol = table.symbol(code, length);
      if (symbol >= 0) {
        return symbol;
      }
    }
    throw new DataFormatException("a bzip2 code that stands for nothing");
  }

  /** Puts above each byte, in its word, the place of the one that comes after it. */
  private void unsort(int length, int[] counts) {
    int[] next = new int[256];
    int sum = 0;
    for (int i = 0; i < 256; i++) {
      next[i] = sum;
      sum += counts[i];
    }
    for (int i = 0; i < length; i++) {
      block[next[block[i] & 0xff]++] |= i << 8;
    }
  }

  private int write(UnpackedOutput out, int length, int origin)
      throws IOException, DataFormatException {
    int crc = -1;
    int at = block[origin] >>> 8;
    int same = 0;
    int previous = -1;
    for (int i = 0; i < length; i++) {
      int entry = block[at];
      int value = entry & 0xff;
      at = entry >>> 8;
      int count = 1;
      if (same == 4) {
        // Behind four equal bytes stands how many more there are.
        count = value;
        value = previous;
        same = 0;
        previous = -1;
      } else {
        same = value == previous ? same + 1 : 1;
        previous = value;
      }
      out.reserve(256);
      for (int j = 0; j < count; j++) {
        out.buffer[out.used++] = (byte) value;
        crc = crc << 8 ^ CRC[crc >>> 24 ^ value];
      }
    }
    return ~crc;
  }

  private static int[] crcTable() {
    int[] table = new int[256];
    for (int i = 0; i < 256; i++) {
      int value = i << 24;
      for (int bit = 0; bit < 8; bit++) {
        value = value << 1 ^ (value < 0 ? 0x04c11db7 : 0);
      }
      table[i] = value;
    }
    return table;
  }

  /** A canonical Huffman code. */
  private static final class Bzip2Table {

    private final int[] firstCode = new int[MAX_CODE + 1];
    private final int[] firstIndex = new int[MAX_CODE + 1];
    private final int[] count = new int[MAX_CODE + 1];
    private final short[] symbols = new short[MAX_SYMBOLS];

    Bzip2Table(byte[] lengths) {
      for (byte length : lengths) {
        count[length]++;
      }
      int code = 0;
      int index = 0;
      for (int length = 1; length <= MAX_CODE; length++) {
        firstCode[length] = code;
        firstIndex[length] = index;
        for (int symbol = 0; symbol < lengths.length; symbol++) {
          if (lengths[symbol] == length) {
            symbols[index++] = (short) symbol;
          }
        }
        code = (code + count[length]) << 1;
      }
    }

    /** The symbol of a code of that length, or -1. */
    int symbol(int code, int length) {
      int place = code - firstCode[length];
      return place >= 0 && place < count[length] ? symbols[firstIndex[length] + place] : -1;
    }
  }
}
