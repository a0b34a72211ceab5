package org.kho4j.cli;

import java.io.IOException;
import java.util.List;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Text;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code kho help [COMMAND…]}. */
final class HelpCommand extends Command {

  HelpCommand() {
    super("help", "Shows the help of kho, or of one command.");
    opensNoImage();
    example("kho help inspect");
    parameter(
        PositionalParamSpec.builder()
            .index("0..*")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("COMMAND")
            .description("The command."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    CommandLine command = invocation.commandLine().commandSpec().commandLine();
    List<?> names = invocation.parameter(0, List.class);
    for (Object name : names == null ? List.of() : names) {
      CommandLine next = command.getSubcommands().get(name.toString());
      if (next == null) {
        throw command.getSubcommands().isEmpty() || name.toString().startsWith("-")
            ? new ParameterException(command, "There is no command '" + name + "'")
            : new UnmatchedArgumentException(command, List.of(name.toString()));
      }
      command = next;
    }
    show(command, invocation);
    return OK;
  }

  /** Writes the help of a command, as wide as the terminal. */
  static void show(CommandLine command, Invocation invocation) throws IOException {
    command.setUsageHelpAutoWidth(invocation.outIsTerminal());
    Text text = invocation.text();
    text.line(command.getUsageMessage(text.colour() ? Ansi.ON : Ansi.OFF).stripTrailing());
  }
}
