package org.kho4j.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Makes scattered memory contiguous by mapping it a second time. Stitching takes system calls that
 * Java does not have, so the module {@code org.kho4j.linux} implements this interface.
 */
@FunctionalInterface
public interface Stitcher {

  /** A stitcher that maps nothing. */
  Stitcher NONE = (runs, arena) -> Optional.empty();

  /**
   * Maps the runs one after the other into one segment that lives as long as {@code arena}.
   *
   * @param runs runs that lie in the memory
   * @return empty if these runs cannot be mapped: too many of them, or not on pages of the host
   */
  Optional<MemorySegment> stitch(Runs runs, Arena arena);
}
