package org.kho4j.cli.author;

import java.util.function.Supplier;
import org.kho4j.handover.wire.KhoException;

/**
 * Where something stands in a spec.
 *
 * @param file as the user named it
 * @param key path of keys from the outermost object on, as in {@code subtrees[0].khoTest}; empty
 *     for that object itself
 * @param line from 1
 * @param column from 1
 */
record SpecPlace(String file, String key, int line, int column) {

  SpecPlace member(String name, int itsLine, int itsColumn) {
    return new SpecPlace(file, key.isEmpty() ? name : key + "." + name, itsLine, itsColumn);
  }

  SpecPlace element(int index, int itsLine, int itsColumn) {
    return new SpecPlace(file, key + "[" + index + "]", itsLine, itsColumn);
  }

  /** The failure of what stands here. */
  SpecException broken(String sentence) {
    return new SpecException(
        "%s:%d:%d: %s%s".formatted(file, line, column, key.isEmpty() ? "" : key + ": ", sentence));
  }

  /**
   * Does what this part of the spec asks for; what the engine refuses is refused with the place.
   */
  <T> T attempt(Supplier<T> work) {
    try {
      return work.get();
    } catch (KhoException e) {
      throw broken(String.valueOf(e.getMessage()));
    }
  }
}
