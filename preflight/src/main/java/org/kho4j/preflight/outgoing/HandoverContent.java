package org.kho4j.preflight.outgoing;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;
import org.kho4j.verify.Scratch;

/**
 * The parts of a handover that are in use, or may be at the jump; only these affect the verdict.
 *
 * @param parts names of the {@link Part}s in use; {@code kho} is always
 * @param possible names of other {@link Part}s that the kernel may still write at the jump: the
 *     kinds of files, where LUO has no sessions
 * @param handlers the strings of the handlers of preserved files
 * @param flbs the strings of the data that files share
 * @param reservations the reservations of {@code reserve_mem=}
 * @param unknownSubtrees subtrees that no {@link Part} is about
 * @param integrity the state of the content; empty if the content was not available
 * @param scratch the scratch regions, where they are known
 */
public record HandoverContent(
    Set<String> parts,
    Set<String> possible,
    Set<String> handlers,
    Set<String> flbs,
    List<ReserveMem> reservations,
    List<String> unknownSubtrees,
    Optional<Integrity> integrity,
    Optional<Scratch> scratch) {

  /** The names of the parts that a kernel writes only at the jump, together with LUO's sessions. */
  public static final Set<String> IN_SESSIONS = Set.of(Part.MEMFD.name(), Part.FLB.name());

  public HandoverContent {
    parts = Set.copyOf(parts);
    possible = Set.copyOf(possible);
    handlers = Set.copyOf(handlers);
    flbs = Set.copyOf(flbs);
    reservations = List.copyOf(reservations);
    unknownSubtrees = List.copyOf(unknownSubtrees);
  }

  /** Returns parts in use and those that a kernel may write together with LUO's sessions. */
  public static Set<String> withSessions(Set<String> parts, Profile kernel) {
    Set<String> all = new HashSet<>(parts);
    for (Part part : Part.ALL) {
      if (IN_SESSIONS.contains(part.name()) && kernel.support(part).state() != Support.State.NO) {
        all.add(part.name());
      }
    }
    kernel.clients().forEach(client -> all.add(client.name()));
    return all;
  }
}
