package org.kho4j.preflight;

import java.util.List;
import java.util.Set;
import org.kho4j.handover.memblock.ReserveMem;

/**
 * What is really handed over: a part that is not in use cannot suffer.
 *
 * @param parts names of the {@link Parts} in use; {@code kho} is always
 * @param handlers the strings of the handlers of preserved files
 * @param flbs the strings of the data that files share
 * @param reservations what {@code reserve_mem=} reserved
 * @param strangers subtrees that nobody here knows
 * @param complete whether sessions and files are known: before the reboot they are not written
 */
public record Handed(
    Set<String> parts,
    Set<String> handlers,
    Set<String> flbs,
    List<ReserveMem> reservations,
    List<String> strangers,
    boolean complete) {

  public Handed {
    parts = Set.copyOf(parts);
    handlers = Set.copyOf(handlers);
    flbs = Set.copyOf(flbs);
    reservations = List.copyOf(reservations);
    strangers = List.copyOf(strangers);
  }
}
