package org.kho4j.cli.abi;

import java.io.IOException;
import org.kho4j.cli.abi.reference.ContractJson;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;

/** {@code kho abi releases}. */
final class ReleasesCommand extends Command {

  ReleasesCommand() {
    super("releases", "Shows which kernel release writes which version.");
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        ContractJson.write(json.generator(), ContractJson.only("releases"));
      }
    } else {
      AbiText.matrix(invocation.text());
    }
    return OK;
  }
}
