package org.kho4j.cli.preflight;

import java.util.Optional;
import org.kho4j.preflight.Handed;
import org.kho4j.preflight.Profile;

/**
 * The side that hands over.
 *
 * @param handed what it really hands over; empty for all that it can
 */
record Outgoing(Profile profile, Optional<Handed> handed) {}
