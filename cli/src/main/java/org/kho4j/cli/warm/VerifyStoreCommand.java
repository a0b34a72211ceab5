package org.kho4j.cli.warm;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Units;
import org.kho4j.warm.Region;
import org.kho4j.warm.WarmException;
import org.kho4j.warm.WarmView;

/** {@code kho warm verify STORE}. */
final class VerifyStoreCommand extends Command {

  VerifyStoreCommand() {
    super(
        "verify",
        "Checks a warm store: its metadata, and regions that have a checksum.",
        "Regions have checksums when their owner asked for them and closed the store.",
        "Exit status: 0 if nothing is wrong, 1 if the store or a region is damaged, 2 if it is no store.");
    parameter(WarmCommand.path(0, "STORE", "A store's file."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    WarmView store;
    try {
      store = WarmView.read(WarmCommand.path(invocation, "STORE"));
    } catch (WarmException e) {
      if (e.reason() == WarmException.Reason.FOREIGN) {
        throw e;
      }
      invocation.note(Units.printable(String.valueOf(e.getMessage())));
      return BAD_ANSWER;
    }
    List<WarmView.Checked> regions = store.verify();
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        json.object().text("schema", "kho4j/warm-verify/1").array("regions");
        for (WarmView.Checked region : regions) {
          json.object()
              .text("name", region.region().name())
              .text("checksum", word(region.check()))
              .endObject();
        }
        json.endArray().endObject();
      }
    } else {
      StoreText.line(invocation.text(), store);
      for (WarmView.Checked region : regions) {
        invocation
            .text()
            .line(
                "  %s: checksum %s"
                    .formatted(Units.printable(region.region().name()), word(region.check())));
      }
    }
    boolean damaged = regions.stream().anyMatch(one -> one.check() == Region.Check.MISMATCH);
    return damaged ? BAD_ANSWER : OK;
  }

  private static String word(Region.Check check) {
    return check.name().toLowerCase(Locale.ROOT);
  }
}
