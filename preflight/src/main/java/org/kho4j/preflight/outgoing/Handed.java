package org.kho4j.preflight.outgoing;

import org.kho4j.preflight.part.Parts;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.verify.Scratch;

/**
 * The parts of a handover that are in use, or may be at the jump; only these affect the verdict.
 *
 * @param parts names of the {@link Parts} in use; {@code kho} is always
 * @param possible names of other {@link Parts} that the kernel may still write at the jump: the
 *     kinds of files, where LUO has no sessions
 * @param handlers the strings of the handlers of preserved files
 * @param flbs the strings of the data that files share
 * @param reservations the reservations of {@code reserve_mem=}
 * @param strangers subtrees that no row of {@link Parts} is about
 * @param integrity the state of the content; empty if the content was not available
 * @param scratch the scratch regions, where they are known
 */
public record Handed(
    Set<String> parts,
    Set<String> possible,
    Set<String> handlers,
    Set<String> flbs,
    List<ReserveMem> reservations,
    List<String> strangers,
    Optional<Integrity> integrity,
    Optional<Scratch> scratch) {

  public Handed {
    parts = Set.copyOf(parts);
    possible = Set.copyOf(possible);
    handlers = Set.copyOf(handlers);
    flbs = Set.copyOf(flbs);
    reservations = List.copyOf(reservations);
    strangers = List.copyOf(strangers);
  }
}
