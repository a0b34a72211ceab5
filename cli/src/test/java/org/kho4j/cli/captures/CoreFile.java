package org.kho4j.cli.captures;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/**
 * Writes an ELF core: program headers directly behind the header, where makedumpfile looks for
 * them.
 */
public final class CoreFile {

  private static final int HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int PAGE = 4096;

  /**
   * A run of memory.
   *
   * @param length bytes that the file has
   * @param ram bytes of RAM, those that the file has first
   */
  public record Run(long address, long length, long ram) {

    /** A run that the file has all of. */
    public Run(long address, long length) {
      this(address, length, length);
    }
  }

  /** The registers of one CPU, all zero: makedumpfile takes no core without such a note. */
  public static byte[] registers() {
    return ByteBuffer.allocate(20 + 336)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(5)
        .putInt(336)
        .putInt(1)
        .put("CORE".getBytes(StandardCharsets.US_ASCII))
        .array();
  }

  private CoreFile() {}

  /**
   * Writes some of a memory.
   *
   * @param notes the content of the PT_NOTE segment; may be empty
   */
  public static void write(Path path, PhysicalMemory memory, List<Run> runs, byte[] notes)
      throws IOException {
    int headers = HEADER + PROGRAM_HEADER * (runs.size() + 1);
    ByteBuffer head = ByteBuffer.allocate(headers).order(ByteOrder.LITTLE_ENDIAN);
    head.putInt(0x464c457f).put((byte) 2).put((byte) 1).put((byte) 1).position(16);
    boolean arm = memory.source().machine() == MemorySource.Machine.AARCH64;
    head.putShort((short) 4).putShort((short) (arm ? 183 : 62)).putInt(1);
    head.putLong(0).putLong(HEADER).putLong(0).putInt(0);
    head.putShort((short) HEADER).putShort((short) PROGRAM_HEADER);
    head.putShort((short) (runs.size() + 1)).putShort((short) 64).putShort((short) 0);
    head.putShort((short) 0);
    segment(head, 4, headers, 0, notes.length, notes.length);
    long at = Math.ceilDiv(headers + notes.length, PAGE) * (long) PAGE;
    for (Run run : runs) {
      segment(head, 1, at, run.address, run.length, run.ram);
      at += run.length;
    }
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      file.write(head.flip());
      file.write(ByteBuffer.wrap(notes));
      long position = Math.ceilDiv(headers + notes.length, PAGE) * (long) PAGE;
      for (Run run : runs) {
        for (long done = 0; done < run.length; done += 1 << 20) {
          long bytes = Math.min(1 << 20, run.length - done);
          file.write(memory.read(run.address + done, bytes).asByteBuffer(), position + done);
        }
        position += run.length;
      }
    }
  }

  private static void segment(
      ByteBuffer head, int type, long at, long address, long bytes, long ram) {
    head.putInt(type).putInt(0).putLong(at).putLong(address).putLong(address);
    head.putLong(bytes).putLong(ram).putLong(0);
  }
}
