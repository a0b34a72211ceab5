package org.kho4j.handover.pages;

/**
 * A range of physical memory.
 *
 * @param address its first byte
 * @param length bytes, at least 1
 */
public record AddressRange(long address, long length) {

  /** Checks that the range is not empty and ends before 2^63. */
  public AddressRange {
    if (address < 0 || length <= 0 || address + length < 0) {
      throw new IllegalArgumentException(
          "%d bytes at 0x%x: a range has at least 1 byte and ends before 2^63"
              .formatted(length, address));
    }
  }

  /** The first address after it. */
  public long end() {
    return address + length;
  }

  /** First and last address, as in {@code "0x1000-0x1fff"}. */
  @Override
  public String toString() {
    return "0x%x-0x%x".formatted(address, end() - 1);
  }
}
