package org.kho4j.handover.wire;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A run of adjacent preserved blocks of one order.
 *
 * @param order each block has 2^order pages
 * @param address physical address of the first byte
 * @param bytes a multiple of the block size
 */
public record BlockRun(int order, long address, long bytes) {

  /**
   * Returns the runs that a walk visits, one object each. The walk takes its next step when the
   * earlier runs are used up.
   *
   * @param walk returns a step for a visitor; the step visits some runs, or none, and returns false
   *     at the end
   */
  public static Stream<BlockRun> stream(Function<RunVisitor, BooleanSupplier> walk) {
    Queue<BlockRun> found = new ArrayDeque<>();
    BooleanSupplier step =
        walk.apply((order, address, bytes) -> found.add(new BlockRun(order, address, bytes)));
    Stream<Boolean> steps = Stream.iterate(true, more -> step.getAsBoolean());
    // The last step, which returns false, may have visited runs as well.
    return WalkStream.of(
        Stream.concat(steps.takeWhile(more -> more), Stream.of(false))
            .mapMulti((more, sink) -> {
              while (!found.isEmpty()) {
                sink.accept(found.remove());
              }
            }));
  }
}
