package org.kho4j.preflight.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Makes the files that kernels come in around a packed kernel. */
final class Images {

  private Images() {}

  /** A bzImage of boot protocol 2.15, with four sectors of setup code. */
  static byte[] bzImage(byte[] payload, String version) {
    int start = 5 * 512;
    int gap = 0x40;
    ByteBuffer image = little(start + gap + payload.length + 512);
    image.put(0x1f1, (byte) 4);
    image.put(0x202, "HdrS".getBytes(StandardCharsets.US_ASCII));
    image.putShort(0x206, (short) 0x20f);
    image.putShort(0x20e, (short) 0x300);
    image.put(0x500, version.getBytes(StandardCharsets.US_ASCII));
    image.putInt(0x248, gap);
    image.putInt(0x24c, payload.length);
    image.put(start + gap, payload);
    return bytes(image);
  }

  /** A zboot image: what follows the packed kernel is its length, but for gzip. */
  static byte[] zboot(byte[] payload, int unpacked) {
    ByteBuffer image = little(0x400 + payload.length + 4);
    image.put(0, "MZ\0\0zimg".getBytes(StandardCharsets.US_ASCII));
    image.putInt(8, 0x400);
    image.putInt(12, payload.length);
    image.put(0x400, payload);
    image.putInt(0x400 + payload.length, unpacked);
    return bytes(image);
  }

  /** A bzImage with the size in memory and the alignment that its header gives. */
  static byte[] bzImage(byte[] payload, int initSize, int alignment) {
    byte[] image = bzImage(payload, "");
    ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(0x230, alignment);
    header.putInt(0x260, initSize);
    return image;
  }

  /** An arm64 Image of 4K (1), 16K (2) or 64K (3) pages, its header and then the content. */
  static byte[] image(int pageSizeFlag, byte[] content) {
    ByteBuffer image = little(64 + content.length);
    image.putLong(16, 0x1230000);
    image.putLong(24, 8 | pageSizeFlag << 1);
    image.put(56, "ARMd".getBytes(StandardCharsets.US_ASCII));
    image.put(64, content);
    return bytes(image);
  }

  /** The packed kernel as the kernel's build has it: its length behind it. */
  static byte[] withLength(byte[] packed, int unpacked) {
    return bytes(little(packed.length + 4).put(0, packed).putInt(packed.length, unpacked));
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return bytes;
  }

  private static ByteBuffer little(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
