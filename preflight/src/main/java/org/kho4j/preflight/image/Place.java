package org.kho4j.preflight.image;

import java.util.OptionalLong;
import java.util.StringJoiner;

/**
 * A place in a kernel image: file offset, section and address.
 *
 * @param section the ELF section; empty where the kernel has none, as an arm64 Image
 * @param offset bytes from the start of the unpacked kernel; in a file that is not packed, from the
 *     start of the file
 * @param address the virtual address that the kernel is linked for, where that is known
 */
public record Place(String section, long offset, OptionalLong address) {

  /** {@code offset 0x6ec18b (.rodata, address 0xffffffff814ec18b)}. */
  @Override
  public String toString() {
    StringJoiner rest = new StringJoiner(", ", " (", ")").setEmptyValue("");
    if (!section.isEmpty()) {
      rest.add(section);
    }
    if (address.isPresent()) {
      rest.add("address 0x" + Long.toHexString(address.getAsLong()));
    }
    return "offset 0x" + Long.toHexString(offset) + rest;
  }
}
