package org.kho4j.cli.warm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Units;
import org.kho4j.warm.Region;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;
import org.kho4j.warm.WarmView;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;

/** {@code kho warm drop STORE REGION}. */
final class DropCommand extends Command {

  DropCommand() {
    super(
        "drop",
        "Removes a region from a warm store that no process has open.",
        "The content of the region is lost. The other regions stay, with their checksums. A store"
            + " keeps the mark that its last owner died.",
        "Exit status: 0 if the region was dropped, 2 if not.");
    opensNoImage();
    parameter(WarmCommand.path(0, "STORE", "A store's file."));
    parameter(
        PositionalParamSpec.builder()
            .index("1")
            .type(String.class)
            .required(true)
            .paramLabel("REGION")
            .description("The region's name."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Path path = WarmCommand.path(invocation, "STORE");
    String name = String.valueOf(invocation.parameter(1, String.class));
    WarmView view = WarmView.read(path);
    Supplier<ParameterException> missing =
        () -> invocation.wrong("%s has no region '%s'".formatted(path, name));
    if (view.directory().regions().stream().noneMatch(region -> region.name().equals(name))) {
      throw missing.get();
    }
    WarmOptions options =
        WarmOptions.of(view.directory().name(), view.size()).withSchema(view.directory().schema());
    try (WarmStore store = WarmStore.open(path, options)) {
      Region region = store.region(name).orElseThrow(missing);
      long bytes = region.bytes();
      region.drop();
      store.commit();
      if (!store.wasClean()) {
        store.abandon();
      }
      show(invocation, path, name, bytes);
    }
    return OK;
  }

  private static void show(Invocation invocation, Path path, String name, long bytes)
      throws IOException {
    if (!invocation.options().json()) {
      invocation.text().line("dropped %s, %s".formatted(Units.printable(name), Units.size(bytes)));
      return;
    }
    try (Json json = invocation.json()) {
      json.document(Schema.WARM_DROP)
          .text("path", path.toString())
          .text("region", name)
          .number("size", bytes)
          .endObject();
    }
  }
}
