package org.kho4j.memory;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.Deflater;

/** Builds small kdump-compressed dumps. */
public final class KdumpBuilder {

  /** How a page is stored. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Stored(int flags, byte[] bytes) {}

  public static final int ZLIB = 1;
  public static final int LZO = 2;
  public static final int SNAPPY = 4;
  public static final int ZSTD = 0x20;

  private final SortedMap<Long, Stored> pages = new TreeMap<>();
  private int blockSize = 4096;
  private int version = 6;
  private long frames = 256;
  private int status;
  private int dumpLevel;
  private final BitSet ram = new BitSet();
  private String machine = "x86_64";
  private long splitFirst = -1;
  private long splitEnd = -1;

  /** Starts with no page. */
  public KdumpBuilder() {}

  public KdumpBuilder blockSize(int size) {
    blockSize = size;
    return this;
  }

  public KdumpBuilder version(int number) {
    version = number;
    return this;
  }

  public KdumpBuilder frames(long number) {
    frames = number;
    return this;
  }

  public KdumpBuilder status(int flags) {
    status = flags;
    return this;
  }

  /** What was left out on purpose. */
  public KdumpBuilder dumpLevel(int level) {
    dumpLevel = level;
    return this;
  }

  /** Frames that are RAM, whether or not there is a page of them. */
  public KdumpBuilder ram(int first, int end) {
    ram.set(first, end);
    return this;
  }

  public KdumpBuilder machine(String name) {
    machine = name;
    return this;
  }

  /** Makes it one part of a split dump. */
  public KdumpBuilder split(long first, long end) {
    splitFirst = first;
    splitEnd = end;
    return this;
  }

  /** A page as it is in the file. */
  public KdumpBuilder stored(long frame, int flags, byte[] bytes) {
    pages.put(frame, new Stored(flags, bytes));
    return this;
  }

  /** An uncompressed page. */
  public KdumpBuilder plain(long frame, byte[] page) {
    return stored(frame, 0, page);
  }

  /** A page in zlib. */
  public KdumpBuilder zlib(long frame, byte[] page) {
    return stored(frame, ZLIB, deflate(page));
  }

  /** What zlib makes of a page. */
  public static byte[] deflate(byte[] page) {
    try (Deflater deflater = new Deflater(1)) {
      deflater.setInput(page);
      deflater.finish();
      byte[] out = new byte[2 * page.length + 64];
      return java.util.Arrays.copyOf(out, deflater.deflate(out));
    }
  }

  /** Where the bitmap of the pages in the dump is. */
  public int bitmap() {
    return 2 * blockSize + bitmapBlocks() * blockSize;
  }

  /** Where the first descriptor is. */
  public int descriptors() {
    return 2 * blockSize + 2 * bitmapBlocks() * blockSize;
  }

  private int bitmapBlocks() {
    return (int) ((frames + 8L * blockSize - 1) / (8L * blockSize));
  }

  /** The file. */
  public ByteBuffer build() {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    int firstPage = descriptors() + 24 * pages.size();
    ByteBuffer head = ByteBuffer.allocate(firstPage).order(ByteOrder.LITTLE_ENDIAN);
    head.put("KDUMP   ".getBytes(StandardCharsets.US_ASCII));
    head.putInt(8, version);
    head.put(12 + 4 * 65, machine.getBytes(StandardCharsets.US_ASCII));
    head.putInt(424, status).putInt(428, blockSize).putInt(432, 1);
    head.putInt(436, 2 * bitmapBlocks()).putInt(440, (int) frames);
    head.putInt(blockSize + 8, dumpLevel);
    byte[] inRam = ram.toByteArray();
    head.put(2 * blockSize, inRam, 0, inRam.length);
    if (splitFirst >= 0) {
      head.putInt(blockSize + 12, 1);
      head.putLong(blockSize + (version >= 6 ? 80 : 16), splitFirst);
      head.putLong(blockSize + (version >= 6 ? 88 : 24), splitEnd);
    }
    if (version >= 6) {
      head.putLong(blockSize + 96, frames);
    }
    int descriptor = descriptors();
    for (var entry : pages.entrySet()) {
      long frame = entry.getKey();
      int at = bitmap() + (int) (frame / 8);
      head.put(at, (byte) (head.get(at) | 1 << frame % 8));
      if (splitFirst >= 0 && (frame < splitFirst || frame >= splitEnd)) {
        continue;
      }
      Stored stored = entry.getValue();
      head.putLong(descriptor, firstPage + data.size());
      head.putInt(descriptor + 8, stored.bytes.length).putInt(descriptor + 12, stored.flags);
      descriptor += 24;
      data.writeBytes(stored.bytes);
    }
    return ByteBuffer.allocate(firstPage + data.size())
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(head.clear())
        .put(data.toByteArray())
        .clear();
  }

  /** The file, written. */
  public Path write(Path path) throws IOException {
    return Files.write(path, build().array());
  }
}
