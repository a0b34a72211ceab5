package org.kho4j.cli;

import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import picocli.AutoComplete;

/** {@code kho completion}. */
final class CompletionCommand extends Command {

  CompletionCommand() {
    super(
        "completion",
        "Prints a completion script for bash and zsh.",
        "For this shell: source <(kho completion)",
        "For every bash to come: kho completion > ~/.local/share/bash-completion/completions/kho");
    opensNoImage();
  }

  @Override
  public int run(Invocation invocation) {
    invocation
        .text()
        .put(AutoComplete.bash("kho", invocation.commandLine().commandSpec().commandLine()));
    return OK;
  }
}
