package org.kho4j.preflight.image;

import static org.kho4j.files.LittleEndian.U32;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.packed.Packing;

/**
 * An EFI program that unpacks the Image in it, {@code vmlinuz.efi} (since 6.1): {@code "MZ"}, at 4
 * {@code "zimg"}, at 8 and 12 offset and length of the packed Image.
 */
final class Zboot {

  private static final int MZ = 0x5a4d;
  private static final int ZIMG = 0x676d697a;
  private static final int HEADER = 0x38;

  private Zboot() {}

  static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= 8 && (bytes.get(U32, 0) & 0xffff) == MZ && bytes.get(U32, 4) == ZIMG;
  }

  static KernelImage read(Path path, MemorySegment bytes) throws IOException {
    if (bytes.byteSize() < HEADER) {
      throw new MalformedImageException(path + " ends within the header of a zboot image");
    }
    long offset = Integer.toUnsignedLong(bytes.get(U32, 8));
    Payload payload = Payload.of(path, bytes, offset, Integer.toUnsignedLong(bytes.get(U32, 12)));
    Packing packing =
        Packing.of(payload.bytes())
            .orElseThrow(() ->
                new MalformedImageException(
                    "%s has no known compression format at offset 0x%x".formatted(path, offset)));
    return payload
        .withLengthBehind(bytes, packing)
        .read(packing, content -> content.image(KernelImage.Form.ZBOOT));
  }
}
