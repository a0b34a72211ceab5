package org.kho4j.cli.abi;

import java.io.IOException;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.abi.reference.ContractJson;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Text;

/** {@code kho abi releases} and {@code kho abi limits}: one table of the contract. */
final class TableCommand extends Command {

  /** Writes the table for a page size. */
  @FunctionalInterface
  interface Table {
    void write(Text text, PageSize pageSize) throws IOException;
  }

  private final String name;
  private final Table table;

  /**
   * A command for a table.
   *
   * @param name of the command, and of the member of the contract's JSON
   */
  TableCommand(String name, String summary, Table table) {
    super(name, summary);
    this.name = name;
    this.table = table;
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    if (invocation.options().json()) {
      return AbiCommand.json(invocation, ContractJson.only(name));
    }
    table.write(invocation.text(), AbiCommand.pageSize(invocation));
    return OK;
  }
}
