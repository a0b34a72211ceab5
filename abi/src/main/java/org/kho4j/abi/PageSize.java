package org.kho4j.abi;

import java.util.Optional;
import java.util.stream.Stream;

/**
 * The page size of the kernel that wrote a handover. No structure stores it, and nearly every size
 * and capacity of the contract follows from it. x86-64 has 4 KiB pages only; arm64 has all three.
 */
public enum PageSize {
  SIZE_4K(12, "4K"),
  SIZE_16K(14, "16K"),
  SIZE_64K(16, "64K");

  private final int shift;
  private final String label;

  PageSize(int shift, String label) {
    this.shift = shift;
    this.label = label;
  }

  /** Binary logarithm of the size in bytes: the kernel's {@code PAGE_SHIFT}. */
  public int shift() {
    return shift;
  }

  /** Size in bytes: the kernel's {@code PAGE_SIZE}. */
  public int bytes() {
    return 1 << shift;
  }

  /** Size in bytes of a block of 2^order pages. */
  public long blockBytes(int order) {
    return 1L << (shift + order);
  }

  public boolean isAligned(long address) {
    return (address & (bytes() - 1)) == 0;
  }

  /** {@code "4K"}, {@code "16K"} or {@code "64K"}: the form of the {@code --page-size} option. */
  public String label() {
    return label;
  }

  /** Returns the page size of that many bytes, if Linux has one on the machines with KHO. */
  public static Optional<PageSize> ofBytes(long bytes) {
    return Stream.of(values()).filter(size -> size.bytes() == bytes).findFirst();
  }

  /** Returns the page size with that {@link #label()}, in either case. */
  public static Optional<PageSize> ofLabel(String label) {
    return Stream.of(values()).filter(size -> size.label.equalsIgnoreCase(label)).findFirst();
  }

  @Override
  public String toString() {
    return label;
  }
}
