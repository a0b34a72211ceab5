package org.kho4j.cli.abi;

import java.io.IOException;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.abi.reference.ContractJson;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;

/** {@code kho abi limits} and {@code kho abi releases}: one member of the contract each. */
final class TableCommand extends Command {

  /** Writes the member as text. */
  interface Table {
    void writeTo(Appendable out, PageSize pageSize) throws IOException;
  }

  private final String member;
  private final Table table;

  /**
   * A command.
   *
   * @param member the command's name, and the member's in the JSON
   */
  TableCommand(String member, String summary, Table table) {
    super(member, summary);
    this.member = member;
    this.table = table;
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    if (invocation.options().json()) {
      AbiCommand.json(invocation, ContractJson.only(member));
    } else {
      table.writeTo(invocation.text(), AbiCommand.pageSize(invocation));
    }
    return OK;
  }
}
