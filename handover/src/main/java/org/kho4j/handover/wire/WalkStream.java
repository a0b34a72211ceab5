package org.kho4j.handover.wire;

import java.util.Spliterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** A stream whose elements are the steps of one walk, each of which follows from those before. */
public final class WalkStream {

  private WalkStream() {}

  /**
   * Returns a stream that takes its elements one after another, in a single thread also after
   * {@link Stream#parallel}.
   *
   * @param walk may share state between its elements
   */
  public static <T> Stream<T> of(Stream<T> walk) {
    return StreamSupport.stream(new Whole<>(walk.spliterator()), false).onClose(walk::close);
  }

  /** Takes the elements of another one, and does not split. */
  private record Whole<T>(Spliterator<T> steps) implements Spliterator<T> {

    @Override
    public boolean tryAdvance(Consumer<? super T> action) {
      return steps.tryAdvance(action);
    }

    @Override
    public void forEachRemaining(Consumer<? super T> action) {
      steps.forEachRemaining(action);
    }

    @Override
    public @Nullable Spliterator<T> trySplit() {
      return null;
    }

    @Override
    public long estimateSize() {
      return steps.estimateSize();
    }

    @Override
    public int characteristics() {
      return steps.characteristics() & ~SORTED;
    }
  }
}
