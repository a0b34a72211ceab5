package org.kho4j.handover.pages;

import java.util.ArrayList;
import java.util.List;

/**
 * A range of physical memory.
 *
 * @param address its first byte
 * @param length bytes; 0 for a range that has none, as a scratch region of Linux may be
 */
public record AddressRange(long address, long length) {

  /** No memory. */
  public static final AddressRange EMPTY = new AddressRange(0, 0);

  /** Checks that the range ends before 2^63. */
  public AddressRange {
    if (address < 0 || length < 0 || address + length < 0) {
      throw new IllegalArgumentException(
          "%d bytes at 0x%x: a range has at least 0 bytes and ends before 2^63"
              .formatted(length, address));
    }
  }

  /** Returns whether the range is empty. */
  public boolean isEmpty() {
    return length == 0;
  }

  /** Returns whether the range has any byte of another range. */
  public boolean overlaps(long otherAddress, long otherLength) {
    return length > 0
        && otherLength > 0
        && address < otherAddress + otherLength
        && otherAddress < end();
  }

  /** Returns whether the range has any byte of another range. */
  public boolean overlaps(AddressRange other) {
    return overlaps(other.address, other.length);
  }

  /** Returns whether all of another range is in this range. */
  public boolean contains(AddressRange other) {
    return other.address >= address && other.end() <= end();
  }

  /** Returns the parts of the range outside of other ranges, which ascend and do not overlap. */
  public List<AddressRange> without(List<AddressRange> others) {
    List<AddressRange> left = new ArrayList<>();
    long at = address;
    for (AddressRange other : others) {
      if (other.overlaps(at, end() - at)) {
        if (at < other.address) {
          left.add(new AddressRange(at, other.address - at));
        }
        at = other.end();
      }
    }
    if (at < end()) {
      left.add(new AddressRange(at, end() - at));
    }
    return left;
  }

  /** Returns the first address after the range. */
  public long end() {
    return address + length;
  }

  /** Returns the first and last address, as in {@code "0x1000-0x1fff"}. */
  @Override
  public String toString() {
    return isEmpty()
        ? "nothing at 0x%x".formatted(address)
        : "0x%x-0x%x".formatted(address, end() - 1);
  }
}
