package org.kho4j.preflight;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How the contract changed from one kernel to another, and whether the versions tell.
 *
 * @param parts what changed or could have, in the order of {@link Parts}
 * @param uncertain what could not be compared
 */
public record AbiDiff(List<PartChange> parts, List<String> uncertain) {

  /** How a part changed, from best to worst. */
  public enum State {
    SAME,
    /** Names alone changed, or the version without the layout: no bytes are read wrongly. */
    HARMLESS,
    /** One kernel does not have the part. */
    GONE,
    /** The layout changed, and a version that stands for it, too. */
    BUMPED,
    /** The layout changed, and the versions are not known: BTF alone has none. */
    UNKNOWN,
    /** The layout changed, and no version tells. */
    FORGOTTEN;

    /** Whether bytes may be read wrongly, and no version is known to tell. */
    public boolean isBreak() {
      return compareTo(UNKNOWN) >= 0;
    }
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

  /** The worst of the parts' states. */
  public State worst() {
    return parts.stream().map(PartChange::state).max(Comparator.naturalOrder()).orElse(State.SAME);
  }

  /** Compares two kernels. */
  public static AbiDiff between(Profile was, Profile is) {
    List<PartChange> parts = new ArrayList<>();
    List<String> uncertain = new ArrayList<>();
    for (Part part : Parts.ALL) {
      boolean before = was.speech(part).state() != Speech.State.NO;
      boolean after = is.speech(part).state() != Speech.State.NO;
      if (before && after) {
        parts.add(change(part, was, is, uncertain));
      } else if (before || after) {
        parts.add(change(part, was, is, State.GONE, List.of()));
      }
    }
    return new AbiDiff(parts, uncertain);
  }

  private static PartChange change(Part part, Profile was, Profile is, List<String> uncertain) {
    List<Difference> differences = differences(part, was, is, uncertain);
    List<String> constants = constants(part, was, is);
    List<String> texts =
        Stream.concat(differences.stream().map(Difference::text), constants.stream()).toList();
    boolean same =
        texts.isEmpty() && was.speech(part).versions().equals(is.speech(part).versions());
    boolean moved = !constants.isEmpty() || differences.stream().anyMatch(Difference::matters);
    State state = same ? State.SAME : moved ? told(part, was, is) : State.HARMLESS;
    return change(part, was, is, state, texts);
  }

  private static PartChange change(
      Part part, Profile was, Profile is, State state, List<String> differences) {
    return new PartChange(
        part, was.speech(part).text(), is.speech(part).text(), state, differences);
  }

  /**
   * Whether a version tells of a layout that changed. Its own counts, and those of the parts that
   * it arrives in: they refuse it as well.
   */
  private static State told(Part part, Profile was, Profile is) {
    boolean known = true;
    for (Optional<Part> one = Optional.of(part);
        one.isPresent();
        one = one.get().within().flatMap(Parts::of)) {
      Speech before = was.speech(one.get());
      Speech after = is.speech(one.get());
      if (before.state() != Speech.State.YES || after.state() != Speech.State.YES) {
        known = false;
      } else if (!before.versions().equals(after.versions())) {
        return State.BUMPED;
      }
    }
    return known ? State.FORGOTTEN : State.UNKNOWN;
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
