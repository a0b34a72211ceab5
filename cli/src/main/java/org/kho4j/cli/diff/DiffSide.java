package org.kho4j.cli.diff;

import java.nio.file.Path;
import java.util.List;
import org.kho4j.handover.Handover;
import org.kho4j.handover.wire.HandoverException;

/**
 * One of the two handovers that are compared.
 *
 * @param path of its source
 * @param handover itself
 * @param items what can be compared
 * @param problems what could not be read
 * @param absent what a dump left out
 */
record DiffSide(
    Path path,
    Handover handover,
    Item items,
    List<HandoverException> problems,
    List<HandoverException> absent) {}
