package org.kho4j.cli.abi;

import java.io.IOException;
import org.kho4j.cli.abi.reference.ContractJson;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;

/** {@code kho abi limits}. */
final class LimitsCommand extends Command {

  LimitsCommand() {
    super("limits", "Lists the limits that no structure shows: counts, lengths, masks.");
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        ContractJson.write(json.generator(), ContractJson.only("limits"));
      }
    } else {
      AbiText.limits(invocation.text(), AbiCommand.pageSize(invocation), AbiCommand.WIDTH);
    }
    return OK;
  }
}
