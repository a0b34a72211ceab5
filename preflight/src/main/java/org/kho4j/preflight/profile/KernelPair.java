package org.kho4j.preflight.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.layout.KernelType;
import org.kho4j.preflight.layout.TypeDifference;
import org.kho4j.preflight.part.Part;

/**
 * Two kernels that are compared.
 *
 * @param from the kernel that hands over, or the kernel before a change
 * @param to the kernel that takes the handover, or the kernel with the change
 */
public record KernelPair(Profile from, Profile to) {

  /**
   * Returns the sentence for kernels of two architectures, between which kexec does not go; empty
   * for a pair that can be judged.
   */
  public Optional<String> impossible() {
    boolean known =
        from.architecture() != Architecture.UNKNOWN && to.architecture() != Architecture.UNKNOWN;
    return known && from.architecture() != to.architecture()
        ? Optional.of(
            "%s is for %s, but %s is for %s: kexec cannot change the architecture"
                .formatted(from.source(), from.architecture(), to.source(), to.architecture()))
        : Optional.empty();
  }

  /** Returns the differences of the structures with these tags that both kernels declare. */
  public List<TypeDifference> typeDifferences(Stream<String> tags) {
    return tags.flatMap(tag ->
            from.type(tag).stream()
                .flatMap(
                    ours -> to.type(tag).stream().flatMap(theirs -> differences(ours, theirs))))
        .toList();
  }

  /**
   * Returns the differences of two declarations, without those in inner structures that are
   * compared by themselves.
   */
  static Stream<TypeDifference> differences(KernelType was, KernelType is) {
    Set<String> compared = Part.allTypes();
    return TypeDifference.between(was, is).stream().filter(one -> !compared.contains(one.inner()));
  }

  /** Returns the differing enumerators on which the layout of a part depends, a clause each. */
  public List<String> constantDifferences(Part part) {
    List<String> found = new ArrayList<>();
    for (String name : part.constants()) {
      Long ours = from.constants().get(name);
      Long theirs = to.constants().get(name);
      if (ours != null && theirs != null && !ours.equals(theirs)) {
        found.add("%s is %d, not %d".formatted(name, theirs, ours));
      }
    }
    return found;
  }
}
