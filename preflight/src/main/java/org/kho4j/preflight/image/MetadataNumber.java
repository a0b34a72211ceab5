package org.kho4j.preflight.image;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Finds the number of kexec-metadata that a kernel expects. No string, type or constant of an image
 * has it. Since 7.1 the code that refuses another number logs both: the expected one is the third
 * argument of that call, a constant in the instructions before it.
 */
final class MetadataNumber {

  /** The message, without the level and prefix before it. */
  static final BytePattern MESSAGE =
      new BytePattern(
          "kexec-metadata version %u not supported (expected %u)"
              .getBytes(StandardCharsets.US_ASCII));

  /** Most calls with the message that are examined; kernels have one. */
  private static final int MAX_CALLS = 16;

  private MetadataNumber() {}

  /**
   * Finds the number.
   *
   * @param message the place where the message starts
   * @param code the regions with machine code, the most likely first
   */
  static Optional<Found<Long>> read(
      MemorySegment bytes, Architecture architecture, Place message, List<LoadedRange> code) {
    return switch (architecture) {
      case X86_64 -> read(bytes, new X86Calls(), message, code);
      case ARM64 -> read(bytes, new Arm64Calls(), message, code);
      case RISCV64, UNKNOWN -> Optional.empty();
    };
  }

  private static Optional<Found<Long>> read(
      MemorySegment bytes, MachineCalls calls, Place message, List<LoadedRange> code) {
    List<Found<OptionalLong>> found = new ArrayList<>();
    for (LoadedRange region : code) {
      MemorySegment slice = bytes.asSlice(region.offset(), region.length());
      long base = address(region.place(region.offset()));
      for (long at = calls.next(slice, 0, base, address(message));
          at >= 0 && found.size() < MAX_CALLS;
          at = calls.next(slice, at + 1, base, address(message))) {
        found.add(
            new Found<>(
                calls.thirdArgument(slice, at),
                "the code at " + region.place(region.offset() + at) + " expects it"));
      }
      if (!found.isEmpty()) {
        break;
      }
    }
    boolean one = found.stream().map(Found::value).distinct().count() == 1;
    return one && found.getFirst().value().isPresent()
        ? Optional.of(
            new Found<>(found.getFirst().value().getAsLong(), found.getFirst().evidence()))
        : Optional.empty();
  }

  /**
   * Returns the address of a place. In a kernel without addresses, its addresses differ from its
   * offsets by a constant.
   */
  private static long address(Place place) {
    return place.address().orElse(place.offset());
  }
}
