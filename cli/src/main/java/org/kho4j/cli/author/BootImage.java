package org.kho4j.cli.author;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.kho4j.files.MalformedImageException;
import org.kho4j.handover.pages.AddressRange;

/**
 * A kernel for x86-64 as a bzImage, whose header has a field for the address of the boot record.
 *
 * @param path of the file
 * @param bytes its size
 * @param kernel where its loader unpacks it, unless it chooses a place at random
 */
record BootImage(Path path, long bytes, AddressRange kernel) {

  // Documentation/arch/x86/boot.rst; offsets in the file.
  private static final int MAGIC = 0x202;
  private static final int HDRS = 0x53726448;
  private static final int VERSION = 0x206;
  private static final int SETUP_DATA = 0x250;
  private static final int PREF_ADDRESS = 0x258;
  private static final int INIT_SIZE = 0x260;
  private static final int HEADER_END = 0x264;

  /** The first boot protocol with init_size; setup_data came one earlier. */
  private static final int MIN_VERSION = 0x20a;

  private static final long MAX_BYTES = 1L << 30;

  /**
   * Looks at a bzImage.
   *
   * @throws MalformedImageException if it is not one, or has a boot record already
   */
  static BootImage open(Path path) throws IOException {
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new MalformedImageException(path + " is not a regular file");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer header = ByteBuffer.allocate(HEADER_END).order(ByteOrder.LITTLE_ENDIAN);
      while (header.hasRemaining() && channel.read(header) >= 0) {}
      if (header.hasRemaining() || header.getInt(MAGIC) != HDRS) {
        throw new MalformedImageException(
            path + " is not a bzImage: there is no \"HdrS\" at offset 0x202");
      }
      int version = header.getShort(VERSION) & 0xffff;
      if (version < MIN_VERSION) {
        throw new MalformedImageException(
            "%s has boot protocol %d.%02d, but 2.10 is needed"
                .formatted(path, version >> 8, version & 0xff));
      }
      long setupData = header.getLong(SETUP_DATA);
      if (setupData != 0) {
        throw new MalformedImageException(
            "%s has a boot record already: setup_data is 0x%x".formatted(path, setupData));
      }
      long bytes = channel.size();
      if (bytes > MAX_BYTES) {
        throw new MalformedImageException(
            "%s has %d bytes, more than the %d of any kernel".formatted(path, bytes, MAX_BYTES));
      }
      long address = header.getLong(PREF_ADDRESS);
      long size = Integer.toUnsignedLong(header.getInt(INIT_SIZE));
      if (address < 0 || size == 0 || address + size < 0) {
        throw new MalformedImageException(
            "%s needs %d bytes at 0x%x for unpacking".formatted(path, size, address));
      }
      return new BootImage(path, bytes, new AddressRange(address, size));
    }
  }

  /** Writes a copy that points at a boot record; no other process has the copy open. */
  void copyTo(Path copy, long setupData) throws IOException {
    Files.copy(path, copy);
    try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      ByteBuffer field = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      field.putLong(0, setupData);
      channel.write(field, SETUP_DATA);
    }
  }
}
