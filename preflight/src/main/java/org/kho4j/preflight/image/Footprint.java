package org.kho4j.preflight.image;

/**
 * The contiguous memory that kexec needs for a kernel.
 *
 * @param bytes more than the file has: the kernel unpacks itself there
 * @param alignment of the first byte, a power of two
 */
public record Footprint(long bytes, long alignment) {

  /** No machine has more memory: 2^52 bytes. */
  private static final long MAX_BYTES = 1L << 52;

  /** Checks that there can be such a piece of memory. */
  public Footprint {
    if (bytes < 1 || bytes > MAX_BYTES || Long.bitCount(alignment) != 1 || alignment < 1) {
      throw new IllegalArgumentException(
          "%d bytes aligned to %d are no place for a kernel".formatted(bytes, alignment));
    }
  }
}
