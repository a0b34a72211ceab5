package org.kho4j.preflight.part;

import org.kho4j.preflight.layout.KernelType;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Component;
import org.kho4j.abi.Contract;
import org.kho4j.abi.Structure;
import org.kho4j.abi.VersionString;
import org.kho4j.preflight.image.Feature;

/**
 * A part of a handover with its own version. The parts that Linux has are the rows of {@link
 * Parts}; a new client of KHO is a new row.
 *
 * @param name name in kho's output
 * @param stems of its version strings, the main one first: {@code luo} of {@code luo-v5}
 * @param several whether the part has several strings of one stem, each with its own meaning
 * @param feature the evidence that a kernel has it
 * @param within the part that it arrives in; empty for the root
 * @param types the kernel's structures that its own version covers
 * @param shared structures of other parts that it is read through
 * @param constants enumerators that decide its layout
 * @param absent its fate in a kernel that does not have it
 * @param other its fate in a kernel of another version
 * @param moved its fate in a kernel of the same version with another layout
 */
public record Part(
    String name,
    List<String> stems,
    boolean several,
    Feature feature,
    Optional<String> within,
    List<String> types,
    List<String> shared,
    List<String> constants,
    Fate absent,
    Fate other,
    Fate moved) {

  /**
   * The fate of a part in a real kernel.
   *
   * @param verdict in a word
   * @param kernel in a clause, with the next kernel as "it"
   */
  public record Fate(Verdict verdict, String kernel) {}

  private static final Fate NO_HANDLER =
      new Fate(
          Verdict.UNREACHABLE,
          "every open of /dev/liveupdate fails with EIO until the next boot, so other files are"
              + " lost as well");

  /** Starts a row, with the version string of its feature. */
  static Builder of(String name, Feature feature) {
    return new Builder(name, feature);
  }

  /** Starts a row for a kind of file that LUO preserves, by the string of its handler. */
  static Builder fileHandler(String name, Feature feature) {
    return of(name, feature).within("luo").absent(NO_HANDLER).other(NO_HANDLER).moved(NO_HANDLER);
  }

  /** Returns a part for a kind of file without a row. */
  public static Part fileHandler(String handler) {
    String stem = VersionString.stem(handler);
    return fileHandler(stem, Feature.versioned(stem)).build();
  }

  /** Returns a part for data that files share, without a row. */
  public static Part flb(String name) {
    String stem = VersionString.stem(name);
    Fate lost = new Fate(Verdict.LOST, "no driver asks for it under this name");
    return of(stem, Feature.versioned(stem))
        .within("luo")
        .several()
        .absent(lost)
        .other(lost)
        .moved(lost)
        .build();
  }

  /** Returns a part for a subtree without a row. */
  public static Part stranger(String name) {
    Fate lost = new Fate(Verdict.LOST, "no client looks for it");
    return of(name, Feature.versioned(name))
        .within("kho")
        .absent(lost)
        .other(lost)
        .moved(lost)
        .build();
  }

  /** Builds a row: properties that are not set are empty. */
  static final class Builder {
    private final String name;
    private final Feature feature;
    private List<String> stems;
    private boolean several;
    private Optional<String> within = Optional.empty();
    private List<String> types = List.of();
    private List<String> shared = List.of();
    private List<String> constants = List.of();
    private @Nullable Fate absent;
    private @Nullable Fate other;
    private @Nullable Fate moved;

    private Builder(String name, Feature feature) {
      this.name = name;
      this.feature = feature;
      stems = List.of(feature.stem().isEmpty() ? feature.marker() : feature.stem());
    }

    Builder stems(String... all) {
      stems = List.of(all);
      return this;
    }

    Builder several() {
      several = true;
      return this;
    }

    Builder within(String part) {
      within = Optional.of(part);
      return this;
    }

    /** Sets the tags of a component's structures, and of others. */
    Builder types(Component component, String... others) {
      types =
          Stream.concat(
                  Contract.versions(component).stream()
                      .flatMap(version -> version.structures().stream())
                      .map(Structure::name)
                      .filter(name -> KernelType.isTag(name) && !Parts.SHARED.contains(name)),
                  Stream.of(others))
              .distinct()
              .toList();
      return this;
    }

    Builder shared(String... tags) {
      shared = List.of(tags);
      return this;
    }

    Builder constants(String... enumerators) {
      constants = List.of(enumerators);
      return this;
    }

    Builder absent(Fate fate) {
      absent = fate;
      return this;
    }

    Builder other(Fate fate) {
      other = fate;
      return this;
    }

    Builder moved(Fate fate) {
      moved = fate;
      return this;
    }

    Part build() {
      return new Part(
          name,
          stems,
          several,
          feature,
          within,
          types,
          shared,
          constants,
          Objects.requireNonNull(absent, "absent"),
          Objects.requireNonNull(other, "other"),
          Objects.requireNonNull(moved, "moved"));
    }
  }

  /** Returns whether a version string is the part's. */
  public boolean isOf(String version) {
    return stems.contains(VersionString.stem(version));
  }

  /** Returns the stem of one of the part's versions; a bare number has the main stem. */
  public String stemOf(String version) {
    String stem = VersionString.stem(version);
    return stems.contains(stem) ? stem : stems.getFirst();
  }

  public Part {
    stems = List.copyOf(stems);
    types = List.copyOf(types);
    shared = List.copyOf(shared);
    constants = List.copyOf(constants);
  }
}
