package org.kho4j.cli.author;

import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.KhoException;

/** A part of a spec. What is wrong with it is reported with its place. */
interface SpecPart {

  SpecPlace place();

  /** The failure of this part. */
  default SpecException broken(String sentence) {
    return new SpecException(place() + sentence);
  }

  /** The failure of this part, with values in its sentence. */
  @SuppressWarnings("AnnotateFormatMethod") // that would be a dependency for one annotation
  default SpecException broken(String format, @Nullable Object... values) {
    return broken(format.formatted(values));
  }

  /** Checks that no other part has a key that this one has. */
  default <T> void requireUnique(Map<T, SpecPlace> seen, T key, String what) {
    SpecPlace first = seen.putIfAbsent(key, place());
    if (first != null) {
      throw broken("there is %s already, in line %d", what, first.line());
    }
  }

  /** Checks that the memory of this part is in that of the machine. */
  default void requireInside(AddressRange range, AddressRange memory) {
    if (!memory.contains(range)) {
      throw broken("%s is not in memory; memory is %s", range, memory);
    }
  }

  /** Does what this part asks for; what the engine refuses is refused with the place. */
  default <T> T attempt(Supplier<T> work) {
    try {
      return work.get();
    } catch (KhoException e) {
      throw broken(String.valueOf(e.getMessage()));
    }
  }

  /** Attempts work without a result. */
  default void attempt(Runnable work) {
    attempt(() -> {
      work.run();
      return this;
    });
  }
}
