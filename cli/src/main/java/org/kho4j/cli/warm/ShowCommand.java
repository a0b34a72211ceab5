package org.kho4j.cli.warm;

import java.io.IOException;
import java.nio.file.Path;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;

/** {@code kho warm show SOURCE}. */
final class ShowCommand extends Command {

  ShowCommand() {
    super(
        "show",
        "Shows a warm store: its state, and the regions of the last commit.",
        "For a memory image, shows the stores in all memfds.",
        "Exit status: 0 if all stores can be opened, 1 if one cannot, 2 if there is no store.");
    example("kho warm show /dev/shm/orders");
    parameter(
        WarmCommand.path(0, "SOURCE", "A store's file, which may be in use; or a memory image."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Path path = WarmCommand.path(invocation, "SOURCE");
    if (invocation.options().json()) {
      return ListCommand.json(invocation, path);
    }
    return StoreSearch.forEach(
        invocation,
        path,
        (store, file) -> {
          StoreText.line(invocation.text(), store, file);
          StoreText.regions(invocation.text(), store);
        });
  }
}
