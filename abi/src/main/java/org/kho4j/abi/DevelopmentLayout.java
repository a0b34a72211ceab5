package org.kho4j.abi;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A file handler or FLB of LUO that is in a public development tree and in no release, with its
 * layout as far as it is known. It may change before a release has it. Such a row is no part of
 * {@link Contract}.
 *
 * @param name the string of the file handler or of the FLB
 * @param kind file handler or FLB
 * @param structure at the address that LUO keeps for it; null where the layout is not recorded here
 * @param array array that the structure counts; null if it counts none
 * @param source the public tree that has it
 * @param meaning purpose of the structure
 */
public record DevelopmentLayout(
    String name,
    Kind kind,
    @Nullable Structure structure,
    @Nullable CountedArray array,
    String source,
    String meaning) {

  /** The kind of a development layout. */
  public enum Kind {
    FILE_HANDLER("file handler"),
    FLB("FLB");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    public String label() {
      return label;
    }
  }

  /**
   * An array of a client.
   *
   * @param count the structure's field with the number of elements
   * @param most the structure's field with the most that there is room for, or null
   * @param area the structure's field with the descriptor of the vmalloc area that holds the array;
   *     null where the array follows the structure
   * @param element an element
   */
  public record CountedArray(
      Field count, @Nullable Field most, @Nullable Field area, Structure element) {}

  /** Every row. */
  public static final List<DevelopmentLayout> ALL = DevelopmentClients.all();

  /** Returns the row of a file handler. */
  public static Optional<DevelopmentLayout> ofFileHandler(String name) {
    return of(Kind.FILE_HANDLER, name);
  }

  /** Returns the row of an FLB. */
  public static Optional<DevelopmentLayout> ofFlb(String name) {
    return of(Kind.FLB, name);
  }

  private static Optional<DevelopmentLayout> of(Kind kind, String name) {
    return ALL.stream().filter(row -> row.kind == kind && row.name.equals(name)).findFirst();
  }

  /** Its structure, and the element of its array; none where the layout is not recorded here. */
  public List<Structure> structures() {
    return Stream.concat(
            Stream.ofNullable(structure), Stream.ofNullable(array).map(CountedArray::element))
        .toList();
  }

  @Override
  public String toString() {
    return name;
  }
}
