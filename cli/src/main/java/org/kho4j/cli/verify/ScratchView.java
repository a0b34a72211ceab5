package org.kho4j.cli.verify;

import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.verify.Scratch;

/** Shows the memory that scratch takes. */
public final class ScratchView {

  private ScratchView() {}

  /** The field {@code scratch} of an object. */
  public static void json(Json json, Scratch scratch) {
    json.object("scratch").number("bytes", scratch.bytes());
    json.number("memoryBytes", scratch.memory()).address("bootRecord", scratch.record());
    json.array("regions");
    for (AddressRange region : scratch.regions()) {
      json.object()
          .address("address", region.address())
          .number("size", region.length())
          .endObject();
    }
    json.endArray().endObject();
  }

  /** A sentence: drivers that pin memory cannot have it in scratch. */
  public static String sentence(Scratch scratch) {
    String of =
        scratch.memory().isEmpty()
            ? ""
            : ", %.1f %% of %s"
                .formatted(
                    100.0 * scratch.bytes() / scratch.memory().getAsLong(),
                    Units.size(scratch.memory().getAsLong()));
    String found =
        scratch.record().isEmpty()
            ? ""
            : " (boot record found at 0x%x)".formatted(scratch.record().getAsLong());
    return "%s in %s%s: only movable pages can lie there, none that a device pins%s"
        .formatted(
            Units.size(scratch.bytes()),
            Units.count(scratch.regions().size(), "region", "regions"),
            of,
            found);
  }
}
