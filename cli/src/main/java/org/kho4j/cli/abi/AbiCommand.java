package org.kho4j.cli.abi;

import java.io.IOException;
import java.util.Map;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.abi.reference.ContractJson;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.preflight.AbiDiffCommand;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho abi …}: the contract, without any memory image. */
public final class AbiCommand extends Command {

  /** Columns of the terminal that tables are laid out for. */
  static final int WIDTH = 100;

  private static final String UNRELEASED = "--unreleased";

  public AbiCommand() {
    super(
        "abi",
        "Shows the contract: every structure of every version of KHO and its clients.",
        "Without a subcommand, it lists the versions; with --json it writes the whole contract,"
            + " for generating a decoder in another language. Sizes and capacities are for pages"
            + " of 4K, or of --page-size.");
    opensNoImage("--page-size");
    example("kho abi structures kho_vmalloc");
    example("kho abi --json > abi.json");
    option(
        OptionSpec.builder(UNRELEASED)
            .type(boolean.class)
            .arity("0")
            .description(
                "Shows the layouts that are in public development trees and in no release. They"
                    + " are not part of the contract, and may change."));
    subcommand(new VersionsCommand());
    subcommand(new StructuresCommand());
    subcommand(
        new TableCommand(
            "releases",
            "Shows the versions that each kernel release writes.",
            (out, _) -> AbiText.matrix(out)));
    subcommand(
        new TableCommand(
            "limits",
            "Lists the limits that are not visible in a structure: counts, lengths, masks.",
            (out, pageSize) -> AbiText.limits(out, pageSize, WIDTH)));
    subcommand(new FingerprintsCommand());
    subcommand(new PagesCommand());
    subcommand(new AbiDiffCommand());
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    boolean unreleased = invocation.flag(UNRELEASED);
    if (invocation.options().json()) {
      json(invocation, unreleased ? ContractJson.unreleased() : ContractJson.all());
    } else if (unreleased) {
      AbiText.unreleased(invocation.text(), pageSize(invocation), WIDTH);
    } else {
      AbiText.overview(invocation.text(), WIDTH);
      AbiText.development(invocation.text(), WIDTH);
    }
    return OK;
  }

  /** Writes a part of the contract as JSON. */
  static void json(Invocation invocation, Map<String, Object> part) throws IOException {
    try (Json json = invocation.json()) {
      ContractJson.write(json.generator(), part);
    }
  }

  static PageSize pageSize(Invocation invocation) {
    return invocation.options().pageSize().orElse(PageSize.SIZE_4K);
  }
}
