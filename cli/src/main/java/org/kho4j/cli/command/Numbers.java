package org.kho4j.cli.command;

import picocli.CommandLine.TypeConversionException;

/**
 * Numbers as users write them: {@code 0x1f3a000}, {@code 4096}, {@code 4K}, {@code 1G}; an address
 * may use all 64 bits.
 */
public final class Numbers {

  private static final String SUFFIXES = "KMGT";

  private Numbers() {}

  /**
   * A physical address, or a number of bytes.
   *
   * @throws TypeConversionException with a sentence that names the value
   */
  public static long parse(String text) {
    String digits = text;
    int shift = 0;
    if (!text.isEmpty()) {
      int suffix = SUFFIXES.indexOf(Character.toUpperCase(text.charAt(text.length() - 1)));
      if (suffix >= 0) {
        shift = 10 * (suffix + 1);
        digits = text.substring(0, text.length() - 1);
      }
    }
    boolean hex = digits.startsWith("0x") || digits.startsWith("0X");
    if (hex) {
      digits = digits.substring(2);
    }
    if (digits.isEmpty() || !digits.chars().allMatch(c -> isDigit(c, hex))) {
      throw new TypeConversionException(
          "'" + text + "' is not a number; write 0x1f3a000, 4096, 4K or 1G");
    }
    long value;
    try {
      value = Long.parseUnsignedLong(digits, hex ? 16 : 10);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("'" + text + "' does not fit into 64 bits");
    }
    if (value << shift >>> shift != value) {
      throw new TypeConversionException("'" + text + "' does not fit into 64 bits");
    }
    return value << shift;
  }

  private static boolean isDigit(int c, boolean hex) {
    return c < 0x80 && Character.digit(c, hex ? 16 : 10) >= 0;
  }
}
