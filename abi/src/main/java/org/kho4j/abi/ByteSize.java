package org.kho4j.abi;

/** Sizes in bytes as people read them. */
public final class ByteSize {

  private static final String PREFIXES = "KMGTPE";

  private ByteSize() {}

  /**
   * Returns a size as text: {@code 353 B}, {@code 1.3 MiB}, {@code 512 GiB}; without a point it is
   * exact.
   *
   * @throws IllegalArgumentException if the size is negative
   */
  public static String text(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a size of " + bytes);
    }
    if (bytes < 1024) {
      return bytes + " B";
    }
    int step = (63 - Long.numberOfLeadingZeros(bytes)) / 10;
    long unit = 1L << (10 * step);
    if (bytes % unit == 0) {
      return bytes / unit + suffix(step);
    }
    long fraction = (bytes % unit) / (unit / 1024);
    long tenths = bytes / unit * 10 + (fraction * 10 + 512) / 1024;
    return tenths == 10_240
        ? "1.0" + suffix(step + 1)
        : tenths / 10 + "." + tenths % 10 + suffix(step);
  }

  private static String suffix(int step) {
    return " " + PREFIXES.charAt(step - 1) + "iB";
  }
}
