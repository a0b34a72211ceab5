package org.kho4j.cli.diff;

import java.nio.file.Path;
import org.kho4j.cli.output.Problems;
import org.kho4j.handover.Handover;

/**
 * A side of a comparison: one of the two handovers.
 *
 * @param path of its source
 * @param handover itself
 * @param items what can be compared
 * @param problems what could not be read
 * @param absent what a dump left out
 * @param uncompared content that is not read
 */
record DiffSide(
    Path path,
    Handover handover,
    Item items,
    Problems problems,
    Problems absent,
    Problems uncompared) {}
