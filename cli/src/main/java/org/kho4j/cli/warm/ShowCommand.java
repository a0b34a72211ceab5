package org.kho4j.cli.warm;

import java.io.IOException;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.warm.WarmView;

/** {@code kho warm show STORE}. */
final class ShowCommand extends Command {

  ShowCommand() {
    super("show", "Shows a warm store: its state, and its regions as of the last commit.");
    parameter(WarmCommand.path(0, "STORE", "A store's file. It may be in use."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    WarmView store = WarmView.read(WarmCommand.path(invocation, "STORE"));
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        StoreText.json(json, store);
      }
    } else {
      StoreText.line(invocation.text(), store);
      StoreText.regions(invocation.text(), store);
    }
    return OK;
  }
}
