package org.kho4j.preflight.diff;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.handover.luo.FeatureHeader;
import org.kho4j.preflight.layout.ContractLayouts;
import org.kho4j.preflight.layout.TypeDifference;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.profile.KernelPair;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;

/**
 * The differences of the contract between two kernels; each records whether a version changed with
 * it.
 *
 * @param parts parts that either kernel has, in the order of {@link Part#ALL}, then those of {@link
 *     Profile#clients}
 * @param uncertain a sentence for each comparison that was not possible
 */
public record AbiDiff(List<PartChange> parts, List<String> uncertain) {

  /** The change of a part, from best to worst. */
  public enum State {
    SAME,
    /**
     * No byte moved: only names, views of the same bytes or features changed, or the version
     * without the layout. Whether the bytes still mean the same is not known.
     */
    HARMLESS,
    /** The part is missing in one kernel. */
    GONE,
    /** The layout changed, together with a version that covers it. */
    BUMPED,
    /**
     * Only one kernel has a structure or constant of some name, so it was not compared, and no
     * version is known to have changed.
     */
    UNCOMPARED,
    /** The layout changed, and the versions are not known: BTF alone has none. */
    UNKNOWN,
    /** The layout changed, under a version that released kernels have with another layout. */
    REUSED,
    /** The layout changed under the same version, or no version covers it. */
    FORGOTTEN;

    /** Returns whether bytes may be read wrongly, and no version is known to prevent that. */
    public boolean isBreak() {
      return compareTo(UNCOMPARED) >= 0;
    }
  }

  /**
   * The change of one part.
   *
   * @param from its versions before, where they are known
   * @param to its versions now, where they are known
   * @param differences between the layouts that it covers, and names that only one kernel has
   */
  public record PartChange(
      Part part,
      Optional<String> from,
      Optional<String> to,
      State state,
      List<String> differences) {}

  public AbiDiff {
    parts = List.copyOf(parts);
    uncertain = uncertain.stream().distinct().toList();
  }

  /** Returns the worst of the parts' states. */
  public State worst() {
    return parts.stream().map(PartChange::state).max(Comparator.naturalOrder()).orElse(State.SAME);
  }

  /** Returns whether both kernels have KHO and can be compared. */
  public boolean isComparison() {
    return parts.stream()
        .anyMatch(change -> change.part().equals(Part.KHO) && change.state() != State.GONE);
  }

  /**
   * Compares two kernels, which may be of two architectures.
   *
   * @throws IllegalArgumentException if their pages have two sizes: many structures fill a page
   */
  public static AbiDiff between(Profile was, Profile is) {
    Optional<String> pages = pageSizes(was, is);
    if (pages.isPresent()) {
      throw new IllegalArgumentException(pages.get());
    }
    List<PartChange> parts = new ArrayList<>();
    List<String> uncertain = new ArrayList<>();
    new KernelPair(was, is).impossible().ifPresent(uncertain::add);
    List<Part> all =
        Stream.of(Part.ALL, was.clients(), is.clients()).flatMap(List::stream).distinct().toList();
    for (Part part : all) {
      Support.State before = was.support(part).state();
      Support.State after = is.support(part).state();
      if (before != Support.State.NO && after != Support.State.NO) {
        parts.add(change(part, was, is, uncertain));
      } else if (before == Support.State.YES || after == Support.State.YES) {
        parts.add(change(part, was, is, State.GONE, List.of()));
      } else if (before != after) {
        uncertain.add(
            "it is unknown whether %s has %s; the other kernel does not have it"
                .formatted((before == Support.State.NO ? is : was).source(), part.name()));
      }
    }
    return new AbiDiff(parts, uncertain);
  }

  /** Returns the sentence for kernels of two page sizes; empty if the kernels can be compared. */
  public static Optional<String> pageSizes(Profile was, Profile is) {
    return was.pageSize().isPresent()
            && is.pageSize().isPresent()
            && !was.pageSize().equals(is.pageSize())
        ? Optional.of(
            ("%s has pages of %s, but %s has pages of %s: layouts differ with the page size, without"
                    + " a change of the contract")
                .formatted(was.source(), was.pageSize().get(), is.source(), is.pageSize().get()))
        : Optional.empty();
  }

  private static PartChange change(Part part, Profile was, Profile is, List<String> uncertain) {
    KernelPair pair = new KernelPair(was, is);
    List<TypeDifference> differences = differences(part, pair);
    List<String> constants = new ArrayList<>(pair.constantDifferences(part));
    if (part.equals(Part.KHO)) {
      constants.addAll(properties(was, is));
      constants.addAll(properties(is, was));
    }
    List<String> alone = alone(part, was, is);
    List<String> texts =
        Stream.of(
                differences.stream().map(TypeDifference::text),
                constants.stream(),
                alone.stream(),
                features(was.support(part), is.support(part)))
            .flatMap(clauses -> clauses)
            .toList();
    uncertain.addAll(uncompared(part, was, is));
    Set<String> moved =
        differences.stream()
            .filter(TypeDifference::matters)
            .map(TypeDifference::type)
            .collect(Collectors.toSet());
    State state = State.HARMLESS;
    if (moved.stream().anyMatch(ContractLayouts.UNVERSIONED::contains)) {
      state = State.FORGOTTEN;
    } else if (!moved.isEmpty() || !constants.isEmpty()) {
      state = moved(part, moved, was, is);
    } else if (!alone.isEmpty()) {
      state = moved(part, moved, was, is) == State.BUMPED ? State.BUMPED : State.UNCOMPARED;
    } else if (texts.isEmpty() && !isOther(was.support(part), is.support(part))) {
      state = State.SAME;
    }
    return change(part, was, is, state, texts);
  }

  /** Returns whether both versions are known, and differ. */
  private static boolean isOther(Support was, Support is) {
    return !was.versions().isEmpty()
        && !is.versions().isEmpty()
        && !was.versions().equals(is.versions());
  }

  /** Returns the change of the features that take the place of a version, as a clause. */
  private static Stream<String> features(Support was, Support is) {
    return was.features().isPresent()
            && is.features().isPresent()
            && !was.features().equals(is.features())
        ? Stream.of(
            "the features are %s, not %s"
                .formatted(text(is.features().get()), text(was.features().get())))
        : Stream.empty();
  }

  private static String text(FeatureHeader features) {
    return "0x%x supported, 0x%x required, 0x%x active"
        .formatted(features.supported(), features.required(), features.active());
  }

  private static PartChange change(
      Part part, Profile was, Profile is, State state, List<String> differences) {
    return new PartChange(
        part, was.support(part).text(), is.support(part).text(), state, differences);
  }

  /**
   * Returns the state of a part whose layout changed. The part's own version counts, and those of
   * its containers, by which a kernel refuses the part as well. A version that has another layout
   * in released kernels covers nothing.
   *
   * @param tags of the structures that changed
   */
  private static State moved(Part part, Set<String> tags, Profile was, Profile is) {
    boolean known = true;
    for (Optional<Part> one = Optional.of(part);
        one.isPresent();
        one = one.get().within().flatMap(Part::of)) {
      Support before = was.support(one.get());
      Support after = is.support(one.get());
      if (before.versions().isEmpty() || after.versions().isEmpty()) {
        known = false;
      } else if (!before.versions().equals(after.versions())) {
        return new ClaimedLayouts(is).breaksVersion(one.get(), tags) ? State.REUSED : State.BUMPED;
      }
    }
    return known ? State.FORGOTTEN : State.UNKNOWN;
  }

  private static List<TypeDifference> differences(Part part, KernelPair pair) {
    return pair.typeDifferences(
        part.equals(Part.KHO)
            ? Stream.concat(part.types().stream(), Part.SHARED.stream())
            : part.types().stream());
  }

  /**
   * Returns the structures and enumerators of a part that only one kernel has. A shared structure
   * is one of the parts that are read through it: without them, a kernel may lack it.
   */
  private static List<String> alone(Part part, Profile was, Profile is) {
    return Stream.concat(
            part.tags()
                .filter(name -> !ContractLayouts.UNVERSIONED.contains(name))
                .filter(name -> was.type(name).isPresent() != is.type(name).isPresent())
                .map(name -> alone("struct " + name, was.type(name).isPresent() ? was : is)),
            part.constants().stream()
                .filter(
                    name -> was.constants().containsKey(name) != is.constants().containsKey(name))
                .map(name -> alone(name, was.constants().containsKey(name) ? was : is)))
        .toList();
  }

  /**
   * Returns a sentence for each structure and enumerator that was not compared, although the part's
   * version covers it or every kernel has it.
   */
  private static List<String> uncompared(Part part, Profile was, Profile is) {
    List<String> lacking = new ClaimedLayouts(is).lacking(part);
    Stream<String> neither =
        new ClaimedLayouts(was)
            .lacking(part).stream()
                .filter(lacking::contains)
                .map(name ->
                    "%s is in the types of neither kernel, and was not compared".formatted(name));
    Stream<String> places =
        Stream.of(was, is)
            .filter(kernel -> new ClaimedLayouts(kernel).hasPlacesOnly(part))
            .map(ClaimedLayouts::placesOnly);
    Stream<String> versions =
        was.support(part).versions().isEmpty() != is.support(part).versions().isEmpty()
            ? Stream.of(unknownVersion(part, was.support(part).versions().isEmpty() ? was : is))
            : Stream.empty();
    Stream<String> unversioned =
        part.tags()
            .filter(ContractLayouts.UNVERSIONED::contains)
            .filter(name -> was.architecture() == is.architecture())
            .filter(name -> was.type(name).isPresent() != is.type(name).isPresent())
            .map(name -> alone("struct " + name, was.type(name).isPresent() ? was : is));
    return Stream.of(neither, unversioned, places, versions).flatMap(each -> each).toList();
  }

  private static String unknownVersion(Part part, Profile kernel) {
    return Part.ALL.contains(part)
        ? "the version of %s in %s is unknown".formatted(part.name(), kernel.source())
        : "%s in %s: %s".formatted(part.name(), kernel.source(), kernel.support(part).evidence());
  }

  private static String alone(String name, Profile kernel) {
    return "%s is only in the types of %s, and was not compared".formatted(name, kernel.source());
  }

  /**
   * Returns the root FDT's properties that a kernel has, as its version wants, and another lacks.
   */
  private static List<String> properties(Profile kernel, Profile other) {
    ClaimedLayouts claimed = new ClaimedLayouts(kernel);
    return claimed
        .version()
        .filter(version -> claimed.missingProperties(version).isEmpty())
        .map(new ClaimedLayouts(other)::missingProperties)
        .orElse(List.of())
        .stream()
        .map(text -> other.source() + ": " + text)
        .toList();
  }
}
