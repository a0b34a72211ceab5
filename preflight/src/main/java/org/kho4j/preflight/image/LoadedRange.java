package org.kho4j.preflight.image;

import java.util.OptionalLong;

/**
 * A part of an unpacked kernel that is loaded.
 *
 * @param section the ELF section's name; empty where there are no sections
 * @param offset bytes from the start of the kernel
 * @param length bytes
 * @param address the virtual address of its first byte, where that is known
 */
record LoadedRange(String section, long offset, long length, OptionalLong address) {

  Place place(long at) {
    return new Place(
        section,
        at,
        address.isPresent()
            ? OptionalLong.of(address.getAsLong() + (at - offset))
            : OptionalLong.empty());
  }
}
