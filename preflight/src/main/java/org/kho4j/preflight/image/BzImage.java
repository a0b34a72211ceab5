package org.kho4j.preflight.image;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U32;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.packed.Packing;

/**
 * The image that x86 boots (Documentation/arch/x86/boot.rst): sectors of setup code with a header
 * in the first, then the code that unpacks, with the packed kernel in it, an ELF file. Since boot
 * protocol 2.08 (2.6.24) the header has its place.
 */
final class BzImage {

  private static final int SETUP_SECTORS = 0x1f1;
  private static final int MAGIC_AT = 0x202;
  private static final int MAGIC = 0x53726448;
  private static final int PROTOCOL = 0x206;
  private static final int VERSION_POINTER = 0x20e;
  private static final int PAYLOAD_OFFSET = 0x248;
  private static final int PAYLOAD_LENGTH = 0x24c;
  private static final int HEADER_END = 0x250;
  private static final int KERNEL_ALIGNMENT = 0x230;
  private static final int INIT_SIZE = 0x260;
  private static final int FIRST_PROTOCOL = 0x208;
  private static final int FIRST_WITH_INIT_SIZE = 0x20a;
  private static final int SECTOR = 512;
  private static final int MAX_VERSION = 256;

  private BzImage() {}

  static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= MAGIC_AT + 4 && bytes.get(U32, MAGIC_AT) == MAGIC;
  }

  static KernelImage read(Path path, MemorySegment bytes) throws IOException {
    if (bytes.byteSize() < HEADER_END) {
      throw new MalformedImageException(path + " ends within the setup header of a bzImage");
    }
    int protocol = u16(bytes, PROTOCOL);
    if (protocol < FIRST_PROTOCOL) {
      throw new MalformedImageException(
          "%s has boot protocol 0x%x: only from 0x208 on does it say where the kernel is"
              .formatted(path, protocol));
    }
    int sectors = bytes.get(JAVA_BYTE, SETUP_SECTORS) & 0xff;
    long offset = (sectors == 0 ? 5L : sectors + 1) * SECTOR + u32(bytes, PAYLOAD_OFFSET);
    Payload payload = Payload.of(path, bytes, offset, u32(bytes, PAYLOAD_LENGTH));
    Optional<Found<String>> release = release(bytes);
    Optional<Footprint> footprint = footprint(bytes, protocol);
    Optional<Packing> packing = Packing.of(payload.bytes());
    if (packing.isEmpty()) {
      return new KernelContent(path, payload.bytes(), Optional.empty())
          .vmlinux(KernelImage.Form.BZIMAGE, release, footprint);
    }
    return payload
        .withoutLength(packing.get())
        .read(
            packing.get(),
            content -> content.vmlinux(KernelImage.Form.BZIMAGE, release, footprint));
  }

  /** Returns the size that the kernel needs until it has unpacked itself, and its alignment. */
  private static Optional<Footprint> footprint(MemorySegment bytes, int protocol) {
    if (protocol < FIRST_WITH_INIT_SIZE || bytes.byteSize() < INIT_SIZE + 4) {
      return Optional.empty();
    }
    long size = u32(bytes, INIT_SIZE);
    long alignment = u32(bytes, KERNEL_ALIGNMENT);
    return size > 0 && Long.bitCount(alignment) == 1
        ? Optional.of(new Footprint(size, alignment))
        : Optional.empty();
  }

  /** Returns the first word of the version that the setup code prints. */
  private static Optional<Found<String>> release(MemorySegment bytes) {
    int pointer = u16(bytes, VERSION_POINTER);
    if (pointer == 0) {
      return Optional.empty();
    }
    int at = pointer + SECTOR;
    StringBuilder release = new StringBuilder();
    for (int i = at; i < bytes.byteSize() && release.length() < MAX_VERSION; i++) {
      byte b = bytes.get(JAVA_BYTE, i);
      if (b == ' ' || b == 0) {
        return release.isEmpty()
            ? Optional.empty()
            : Optional.of(
                new Found<>(
                    release.toString(),
                    "kernel_version of the bzImage, offset 0x" + Integer.toHexString(at)));
      }
      if (b < 0x20 || b == 0x7f) {
        return Optional.empty();
      }
      release.append((char) b);
    }
    return Optional.empty();
  }

  private static int u16(MemorySegment bytes, long at) {
    return Short.toUnsignedInt(bytes.get(U16, at));
  }

  private static long u32(MemorySegment bytes, long at) {
    return Integer.toUnsignedLong(bytes.get(U32, at));
  }
}
