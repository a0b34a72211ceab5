package org.kho4j.bench;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.zip.Deflater;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * Writes one large memory with little in it as a raw file, a LiME file, an ELF core and a kdump
 * file of level 31, all sparse: for {@code bench/sources}.
 */
public final class SourceForms {

  private static final int PAGE = 4096;
  private static final int PIECE = 2 << 20;

  private final PhysicalMemory memory;
  private final long size;

  private SourceForms(PhysicalMemory memory, long size) {
    this.memory = memory;
    this.size = size;
  }

  /** Arguments: a directory, the GiB of the memory, the MiB of it that hold anything. */
  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[0]);
    long size = Long.parseLong(args[1]) << 30;
    long pieces = (Long.parseLong(args[2]) << 20) / PIECE;
    Path raw = directory.resolve("forms.ram");
    try (WritableMemory memory = WritableMemory.create(raw, 0, size)) {
      Random random = new Random(1);
      for (long piece = 0; piece < pieces; piece++) {
        fill(memory.writable(size / pieces * piece / PIECE * PIECE, PIECE), random);
      }
      MapImage.writeSmall(memory, size / 2 + PIECE);
    }
    try (PhysicalMemory memory = MemoryImages.open(raw)) {
      SourceForms forms = new SourceForms(memory, size);
      forms.lime(directory.resolve("forms.lime"));
      forms.elf(directory.resolve("forms.elf"));
      forms.kdump(directory.resolve("forms.kdump"));
    }
  }

  /** Words that repeat now and then, which zlib makes a third of. */
  private static void fill(MemorySegment piece, Random random) {
    byte[] bytes = new byte[PIECE];
    for (int at = 0; at < PIECE; at += 8) {
      long word = random.nextInt(4) == 0 ? random.nextLong() : 0x0000ffff88000000L;
      ByteBuffer.wrap(bytes).putLong(at, word);
    }
    MemorySegment.copy(bytes, 0, piece, JAVA_BYTE, 0, PIECE);
  }

  private static FileChannel create(Path file) throws IOException {
    Files.deleteIfExists(file);
    return FileChannel.open(
        file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE);
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void lime(Path file) throws IOException {
    try (FileChannel out = create(file)) {
      out.write(
          little(32).putInt(0x4c694d45).putInt(1).putLong(0).putLong(size - 1).putLong(0).flip());
      content(out, 32);
    }
  }

  private void elf(Path file) throws IOException {
    ByteBuffer header = little(PAGE);
    header.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    header.putShort(16, (short) 4).putShort(18, (short) 62).putInt(20, 1).putLong(32, 64);
    header.putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) 1);
    header.putInt(64, 1).putLong(72, PAGE).putLong(96, size).putLong(104, size);
    try (FileChannel out = create(file)) {
      out.write(header.clear());
      content(out, PAGE);
    }
  }

  /** The memory behind a header, its holes as holes. */
  private void content(FileChannel out, long header) throws IOException {
    try {
      memory.forEachDataRange((address, length) -> {
        for (long at = 0; at < length; at += PIECE) {
          long bytes = Math.min(PIECE, length - at);
          write(out, memory.read(address + at, bytes).asByteBuffer(), header + address + at);
        }
      });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    out.write(ByteBuffer.allocate(1), header + size - 1);
  }

  private static void write(FileChannel out, ByteBuffer bytes, long position) {
    try {
      for (long at = position; bytes.hasRemaining(); ) {
        at += out.write(bytes, at);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All of the memory is RAM, and the pages that hold anything are in the dump, by zlib. */
  private void kdump(Path file) throws IOException {
    int bitmapBytes = Math.toIntExact((size / PAGE / 8 + PAGE - 1) / PAGE * PAGE);
    ByteBuffer ram = little(bitmapBytes);
    ByteBuffer dumped = little(bitmapBytes);
    while (ram.remaining() > 0) {
      ram.put((byte) -1);
    }
    long[] pages = {0};
    memory.forEachDataRange((address, length) -> {
      for (long frame = address / PAGE; frame * PAGE < address + length; frame++) {
        int at = (int) (frame / 8);
        dumped.put(at, (byte) (dumped.get(at) | 1 << frame % 8));
        pages[0]++;
      }
    });
    ByteBuffer header = little(2 * PAGE);
    header.put("KDUMP   ".getBytes(StandardCharsets.US_ASCII)).putInt(8, 6);
    header.put(12 + 4 * 65, "x86_64".getBytes(StandardCharsets.US_ASCII));
    header.putInt(428, PAGE).putInt(432, 1).putInt(436, 2 * bitmapBytes / PAGE);
    header.putInt(440, (int) (size / PAGE)).putInt(PAGE + 8, 31).putLong(PAGE + 96, size / PAGE);
    try (FileChannel out = create(file)) {
      write(out, header.clear(), 0);
      write(out, ram.clear(), 2 * PAGE);
      write(out, dumped.clear(), 2 * PAGE + bitmapBytes);
      pages(out, 2L * PAGE + 2L * bitmapBytes, pages[0]);
    }
  }

  private void pages(FileChannel out, long descriptors, long count) throws IOException {
    long[] next = {descriptors, descriptors + 24 * count};
    byte[] page = new byte[PAGE];
    byte[] packed = new byte[2 * PAGE];
    try (Deflater deflater = new Deflater(1)) {
      memory.forEachDataRange((address, length) -> {
        for (long at = 0; at < length; at += PAGE) {
          MemorySegment.copy(memory.read(address + at, PAGE), JAVA_BYTE, 0, page, 0, PAGE);
          deflater.reset();
          deflater.setInput(page);
          deflater.finish();
          int bytes = deflater.deflate(packed);
          boolean stored = bytes >= PAGE;
          ByteBuffer descriptor = little(24).putLong(next[1]).putInt(stored ? PAGE : bytes);
          write(out, descriptor.putInt(stored ? 0 : 1).putLong(0).flip(), next[0]);
          write(out, ByteBuffer.wrap(stored ? page : packed, 0, stored ? PAGE : bytes), next[1]);
          next[0] += 24;
          next[1] += stored ? PAGE : bytes;
        }
      });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
