package org.kho4j.preflight;

import java.util.List;
import java.util.OptionalLong;
import org.kho4j.handover.pages.AddressRange;

/**
 * The scratch regions of the kernel that hands over. The kernel allocates only movable pages in
 * them, and kexec puts every piece of the next kernel there.
 *
 * @param regions in the kernel's order, which is the order in which kexec tries them
 * @param memory bytes of memory in all, where they are known
 */
public record Scratch(List<AddressRange> regions, OptionalLong memory) {

  public Scratch {
    regions = List.copyOf(regions);
  }

  /** Bytes of all regions. */
  public long bytes() {
    return regions.stream().mapToLong(AddressRange::length).sum();
  }
}
