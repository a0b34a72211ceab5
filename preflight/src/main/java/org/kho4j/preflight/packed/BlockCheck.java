package org.kho4j.preflight.packed;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The sums that xz has over the content of a block. */
interface BlockCheck {

  void update(byte[] bytes, int length);

  /** The sum as the file has it. */
  byte[] value();

  /** The sum of a type, or null for none, and for types that nobody writes. */
  static @Nullable BlockCheck of(int type) {
    return switch (type) {
      case 1 -> new Crc32();
      case 4 -> new Crc64();
      case 10 -> new Sha256();
      default -> null;
    };
  }

  /** CRC-32 of IEEE 802.3. */
  final class Crc32 implements BlockCheck {
    private final CRC32 crc = new CRC32();

    @Override
    public void update(byte[] bytes, int length) {
      crc.update(bytes, 0, length);
    }

    @Override
    public byte[] value() {
      return ByteBuffer.allocate(4)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putInt((int) crc.getValue())
          .array();
    }
  }

  /** CRC-64 of ECMA-182, reflected. */
  final class Crc64 implements BlockCheck {
    private static final long POLYNOMIAL = 0xc96c5795d7870f42L;
    private static final long[] TABLE = table();
    private long crc = -1;

    private static long[] table() {
      long[] table = new long[256];
      for (int i = 0; i < 256; i++) {
        long value = i;
        for (int bit = 0; bit < 8; bit++) {
          value = value >>> 1 ^ ((value & 1) != 0 ? POLYNOMIAL : 0);
        }
        table[i] = value;
      }
      return table;
    }

    @Override
    public void update(byte[] bytes, int length) {
      long value = crc;
      for (int i = 0; i < length; i++) {
        value = TABLE[(int) (value ^ bytes[i]) & 0xff] ^ value >>> 8;
      }
      crc = value;
    }

    @Override
    public byte[] value() {
      return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(~crc).array();
    }
  }

  /** SHA-256. */
  final class Sha256 implements BlockCheck {
    private final MessageDigest digest;

    Sha256() {
      try {
        digest = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void update(byte[] bytes, int length) {
      digest.update(bytes, 0, length);
    }

    @Override
    public byte[] value() {
      return digest.digest();
    }
  }
}
