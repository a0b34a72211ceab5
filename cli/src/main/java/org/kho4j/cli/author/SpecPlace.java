package org.kho4j.cli.author;

/**
 * A place in a spec.
 *
 * @param file as the user named it
 * @param key path of keys from the outermost object on, as in {@code subtrees[0].khoTest}; empty
 *     for that object itself
 * @param line from 1
 * @param column from 1
 */
record SpecPlace(String file, String key, int line, int column) implements SpecPart {

  SpecPlace member(String name, int itsLine, int itsColumn) {
    return new SpecPlace(file, key.isEmpty() ? name : key + "." + name, itsLine, itsColumn);
  }

  SpecPlace element(int index, int itsLine, int itsColumn) {
    return new SpecPlace(file, key + "[" + index + "]", itsLine, itsColumn);
  }

  @Override
  public SpecPlace place() {
    return this;
  }

  /** The beginning of a sentence about this place. */
  @Override
  public String toString() {
    return "%s:%d:%d: %s".formatted(file, line, column, key.isEmpty() ? "" : key + ": ");
  }
}
