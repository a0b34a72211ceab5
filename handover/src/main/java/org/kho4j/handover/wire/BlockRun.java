package org.kho4j.handover.wire;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A run of adjacent blocks, as {@link RunVisitor} takes it.
 *
 * @param order each block has 2^order pages
 * @param address physical address of the first byte
 * @param bytes a multiple of the block size
 */
public record BlockRun(int order, long address, long bytes) {

  /**
   * The runs that a walk visits, one object each. The walk takes its next step when the runs before
   * are used up.
   *
   * @param walk gives a step for a visitor; the step visits some runs, or none, and returns false
   *     at the end
   */
  public static Stream<BlockRun> stream(Function<RunVisitor, BooleanSupplier> walk) {
    return StreamSupport.stream(
        Spliterators.spliteratorUnknownSize(
            new Steps(walk), Spliterator.ORDERED | Spliterator.NONNULL),
        false);
  }

  private static final class Steps implements Iterator<BlockRun> {
    private final Queue<BlockRun> found = new ArrayDeque<>();
    private final BooleanSupplier step;
    private boolean more = true;

    Steps(Function<RunVisitor, BooleanSupplier> walk) {
      step = walk.apply((order, address, bytes) -> found.add(new BlockRun(order, address, bytes)));
    }

    @Override
    public boolean hasNext() {
      while (found.isEmpty() && more) {
        more = step.getAsBoolean();
      }
      return !found.isEmpty();
    }

    @Override
    public BlockRun next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return found.remove();
    }
  }
}
