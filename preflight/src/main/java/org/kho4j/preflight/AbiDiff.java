package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.abi.KernelType;

/**
 * How the contract changed from one kernel to another, and whether the versions tell.
 *
 * @param parts what changed or could have, in the order of {@link Parts}
 * @param uncertain what could not be compared
 */
public record AbiDiff(List<PartChange> parts, List<String> uncertain) {

  /** How a part changed. */
  public enum State {
    SAME,
    /** Names alone changed, or the version without the layout: no bytes are read wrongly. */
    HARMLESS,
    /** The layout changed, and a version that stands for it, too. */
    BUMPED,
    /** The layout changed, and no version tells. */
    FORGOTTEN,
    /** One kernel does not have the part. */
    GONE
  }

  /**
   * A part.
   *
   * @param from its versions before
   * @param to its versions now
   * @param differences of the layouts that it stands for
   */
  public record PartChange(
      Part part,
      Optional<String> from,
      Optional<String> to,
      State state,
      List<String> differences) {}

  public AbiDiff {
    parts = List.copyOf(parts);
    uncertain = List.copyOf(uncertain);
  }

  /** Whether a layout changed that no version tells of. */
  public boolean forgotten() {
    return parts.stream().anyMatch(part -> part.state() == State.FORGOTTEN);
  }

  /** Compares two kernels. */
  public static AbiDiff between(Profile was, Profile is) {
    List<PartChange> parts = new ArrayList<>();
    List<String> uncertain = new ArrayList<>();
    for (Part part : Parts.ALL) {
      Speech before = was.speech(part);
      Speech after = is.speech(part);
      if (before.state() == Speech.State.NO && after.state() == Speech.State.NO) {
        continue;
      }
      boolean gone = before.state() == Speech.State.NO || after.state() == Speech.State.NO;
      List<Difference> differences = gone ? List.of() : differences(part, was, is, uncertain);
      List<String> texts = new ArrayList<>(differences.stream().map(Difference::text).toList());
      List<String> constants = gone ? List.of() : constants(part, was, is);
      texts.addAll(constants);
      boolean moved = !constants.isEmpty() || differences.stream().anyMatch(Difference::matters);
      boolean bumped = isBumped(part, was, is);
      State state =
          gone
              ? State.GONE
              : moved
                  ? bumped ? State.BUMPED : State.FORGOTTEN
                  : before.versions().equals(after.versions()) && texts.isEmpty()
                      ? State.SAME
                      : State.HARMLESS;
      parts.add(new PartChange(part, before.text(), after.text(), state, texts));
    }
    return new AbiDiff(parts, uncertain);
  }

  /** Its own version counts, and those of the parts that it arrives in: they refuse it as well. */
  private static boolean isBumped(Part part, Profile was, Profile is) {
    for (Optional<Part> one = Optional.of(part);
        one.isPresent();
        one = one.get().within().flatMap(Parts::of)) {
      if (!was.speech(one.get()).versions().equals(is.speech(one.get()).versions())) {
        return true;
      }
    }
    return false;
  }

  private static List<Difference> differences(
      Part part, Profile was, Profile is, List<String> uncertain) {
    List<Difference> found = new ArrayList<>();
    Stream<String> names =
        part.equals(Parts.KHO)
            ? Stream.concat(part.types().stream(), Parts.SHARED.stream())
            : part.types().stream();
    names.forEach(name -> {
      Optional<KernelType> before = was.type(name);
      Optional<KernelType> after = is.type(name);
      if (before.isPresent() && after.isPresent()) {
        found.addAll(Difference.between(before.get(), after.get()));
      } else if (before.isPresent() || after.isPresent()) {
        uncertain.add(
            "struct %s is in the types of %s alone"
                .formatted(name, (before.isPresent() ? was : is).source()));
      }
    });
    return found;
  }

  /** Enumerators that the layout hangs on, where they differ. */
  static List<String> constants(Part part, Profile was, Profile is) {
    List<String> found = new ArrayList<>();
    for (String name : part.constants()) {
      Long before = was.constants().get(name);
      Long after = is.constants().get(name);
      if (before != null && after != null && !before.equals(after)) {
        found.add("%s is %d, not %d".formatted(name, after, before));
      }
    }
    return found;
  }
}
