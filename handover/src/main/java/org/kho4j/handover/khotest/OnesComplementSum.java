package org.kho4j.handover.khotest;

import java.lang.foreign.MemorySegment;
import org.kho4j.handover.wire.StructureView;

/**
 * The ones'-complement sum of 16-bit words, as the kernel's {@code csum_partial} computes it.
 * Machines fold the sum to different widths (32 bits on x86-64, 16 per call on arm64); the
 * remainder modulo 65535 is the same.
 */
final class OnesComplementSum {

  private static final long MODULUS = 65535;

  private long sum;

  /** Adds a multiple of 8 bytes. */
  void add(MemorySegment data) {
    long total = sum;
    for (long at = 0; at < data.byteSize(); at += Long.BYTES) {
      long word = data.get(StructureView.U64, at);
      total += word;
      if (Long.compareUnsigned(total, word) < 0) {
        total++;
      }
    }
    sum = total;
  }

  /** Returns whether the sum and a stored checksum leave the same remainder. */
  boolean isCongruentTo(long checksum) {
    return Long.remainderUnsigned(sum, MODULUS) == checksum % MODULUS;
  }

  /** Returns the sum folded to 32 bits, as x86-64 has it. */
  int foldedTo32() {
    long folded = (sum >>> 32) + (sum & 0xffffffffL);
    return (int) ((folded >>> 32) + folded);
  }

  /** Returns the sum folded to 16 bits, as arm64 has it of each call. */
  int foldedTo16() {
    long folded = Integer.toUnsignedLong(foldedTo32());
    folded = (folded >>> 16) + (folded & 0xffff);
    return (int) ((folded >>> 16) + (folded & 0xffff));
  }
}
