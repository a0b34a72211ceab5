package org.kho4j.cli;

import java.util.List;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho completion}. */
final class CompletionCommand extends Command {

  CompletionCommand() {
    super(
        "completion",
        "Prints a completion script for bash, zsh or fish.",
        "In the current bash: source <(kho completion)",
        "In the current fish: kho completion fish | source",
        "In every new bash: kho completion > ~/.local/share/bash-completion/completions/kho",
        "In every new zsh: kho completion zsh > DIR/_kho, where DIR is in $fpath.");
    opensNoImage();
    parameter(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(String.class)
            .paramLabel("SHELL")
            .completionCandidates(List.of("bash", "zsh", "fish"))
            .description("bash, zsh or fish. Default: bash, in a form that zsh accepts as well."));
  }

  @Override
  public int run(Invocation invocation) {
    CommandLine kho = invocation.commandLine().commandSpec().commandLine();
    String shell = invocation.parameter(0, String.class);
    String script =
        switch (shell == null ? "bash" : shell) {
          case "bash" -> AutoComplete.bash("kho", kho);
          case "zsh" -> zsh(kho);
          case "fish" -> FishCompletion.of(kho);
          default -> throw invocation.wrong("'" + shell + "' is not a shell: bash, zsh or fish");
        };
    invocation.text().put(script);
    return OK;
  }

  /**
   * The script of bash as a function that zsh loads from a file {@code _kho}: its first call
   * defines the completion, and then has to answer, too.
   */
  private static String zsh(CommandLine kho) {
    return "#compdef kho\n"
        + AutoComplete.bash("kho", kho)
        + "[[ \"${funcstack[1]}\" != _kho ]] || _bash_complete -o default -F _complete_kho\n";
  }
}
