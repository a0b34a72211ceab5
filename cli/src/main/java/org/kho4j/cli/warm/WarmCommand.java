package org.kho4j.cli.warm;

import java.io.IOException;
import java.nio.file.Path;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho warm …}: lists, shows, verifies warm stores, and drops their regions. */
public final class WarmCommand extends Command {

  public WarmCommand() {
    super(
        "warm",
        "Lists, shows and verifies warm stores, and drops their regions.",
        "A warm store is a handover in a file, so kho inspect, verify, diff and report also read"
            + " it. In a memory image, stores are memfds of LUO sessions; kho extract --region"
            + " writes out a region.");
    subcommand(new ListCommand());
    subcommand(new ShowCommand());
    subcommand(new VerifyStoreCommand());
    subcommand(new DropCommand());
  }

  @Override
  public int run(Invocation invocation) {
    throw invocation.wrong("give one of list, show, verify and drop");
  }

  static PositionalParamSpec.Builder path(int index, String label, String description) {
    return PositionalParamSpec.builder()
        .index(Integer.toString(index))
        .type(Path.class)
        .required(true)
        .paramLabel(label)
        .description(description);
  }

  static Path path(Invocation invocation, String what) throws IOException {
    Path path = invocation.parameter(0, Path.class);
    if (path == null) {
      throw invocation.wrong(what + " is missing");
    }
    return path;
  }
}
