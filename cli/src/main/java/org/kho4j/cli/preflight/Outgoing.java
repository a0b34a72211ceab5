package org.kho4j.cli.preflight;

import java.util.List;
import java.util.Optional;
import org.kho4j.preflight.CommandLine;
import org.kho4j.preflight.Handed;
import org.kho4j.preflight.Profile;

/**
 * The side that hands over.
 *
 * @param handed what it really hands over; empty for all that it can
 * @param commandLine its own command line, where it runs
 * @param notes what could not be read of it
 */
record Outgoing(
    Profile profile,
    Optional<Handed> handed,
    Optional<CommandLine> commandLine,
    List<String> notes) {

  static Outgoing of(Profile profile, Optional<Handed> handed) {
    return new Outgoing(profile, handed, Optional.empty(), List.of());
  }
}
