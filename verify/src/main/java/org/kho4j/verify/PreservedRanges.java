package org.kho4j.verify;

import java.lang.foreign.Arena;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.kho4j.handover.Handover;
import org.kho4j.handover.wire.BlockRun;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.verify.state.PageSpace;

/** All preserved memory of a handover, with its owners. */
public final class PreservedRanges {

  /** Most runs that are visited by address; more are visited in the order of the map. */
  private static final int SORTED_RUNS = 1 << 18;

  private PreservedRanges() {}

  /**
   * Visits all preserved memory: by address, or in the order of the map where it has more than
   * 262,144 runs. The blocks are those of the map, also where they overlap or lie beside RAM.
   *
   * @param options options with the scratch regions
   * @return whether every claim was recorded: false if owners claim more than four times the memory
   * @throws HandoverException if the map is broken, consumed or absent
   */
  public static boolean visit(
      Handover handover, Verifier.Options options, Consumer<PreservedRange> visitor) {
    List<BlockRun> runs;
    try (Stream<BlockRun> all = handover.preservedMap().runs()) {
      runs = all.limit(SORTED_RUNS + 1L).toList();
    }
    try (Arena arena = Arena.ofConfined()) {
      PageSpace space = new PageSpace(handover.memory().physical(), handover.pageSize());
      PageOwners owners = new PageOwners(space, arena);
      Verifier.verify(handover, options, finding -> {}, owners);
      try (Stream<BlockRun> ordered =
          runs.size() > SORTED_RUNS
              ? handover.preservedMap().runs()
              : runs.stream().sorted(Comparator.comparingLong(BlockRun::address))) {
        ordered.forEach(run ->
            owners.split(
                run.address(),
                run.bytes(),
                (address, bytes, owner, shared) ->
                    visitor.accept(
                        new PreservedRange(address, bytes, run.order(), owner, shared))));
      }
      return owners.isComplete();
    }
  }
}
