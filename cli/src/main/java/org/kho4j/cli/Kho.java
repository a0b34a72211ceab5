package org.kho4j.cli;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.kho4j.cli.abi.AbiCommand;
import org.kho4j.cli.author.AuthorCommand;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.convert.ConvertCommand;
import org.kho4j.cli.demo.DemoCommand;
import org.kho4j.cli.diff.DiffCommand;
import org.kho4j.cli.extract.ExtractCommand;
import org.kho4j.cli.fleet.FleetCommand;
import org.kho4j.cli.inspect.InspectCommand;
import org.kho4j.cli.output.Console;
import org.kho4j.cli.output.OutputException;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Version;
import org.kho4j.cli.preflight.PreflightCommand;
import org.kho4j.cli.report.ReportCommand;
import org.kho4j.cli.status.StatusCommand;
import org.kho4j.cli.structure.ShowStructureCommand;
import org.kho4j.cli.structure.WhoCommand;
import org.kho4j.cli.verify.VerifyCommand;
import org.kho4j.cli.warm.WarmCommand;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The kho command: reads the command line, runs one command, turns failures into sentences. */
public final class Kho {

  private final Console console;
  private final boolean colourWanted;
  private final Function<String[], List<Command>> commands;

  /**
   * The command on some streams.
   *
   * @param console where it writes
   * @param noColor the value of the environment's {@code NO_COLOR}, empty when there is none
   */
  Kho(Console console, String noColor) {
    this(console, noColor, Kho::commandsFor);
  }

  /**
   * A command line of other commands.
   *
   * @param console where it writes
   * @param noColor the value of the environment's {@code NO_COLOR}, empty when there is none
   * @param commands those that may matter to a command line
   */
  public Kho(Console console, String noColor, Function<String[], List<Command>> commands) {
    this.console = console;
    this.commands = commands;
    this.colourWanted = noColor.isEmpty();
  }

  public static void main(String[] args) {
    System.exit(new Kho(Console.system(), noColor()).run(args));
  }

  /** The environment's {@code NO_COLOR}, empty when there is none. */
  public static String noColor() {
    String value = System.getenv("NO_COLOR");
    return value == null ? "" : value;
  }

  /** Every command, in the order of the help. */
  private static List<Command> commands() {
    return List.of(
        new InspectCommand(),
        new AuthorCommand(),
        new ConvertCommand(),
        new ExtractCommand(),
        new DiffCommand(),
        new VerifyCommand(),
        new PreflightCommand(),
        new FleetCommand(),
        new StatusCommand(),
        new ReportCommand(),
        new WhoCommand(),
        new ShowStructureCommand(),
        new WarmCommand(),
        new DemoCommand(),
        new AbiCommand(),
        new HelpCommand(),
        new CompletionCommand());
  }

  /** The commands that may matter to a command line: to describe all of them takes time. */
  private static List<Command> commandsFor(String... args) {
    return switch (args.length == 0 ? "" : args[0]) {
      case "inspect" -> List.of(new InspectCommand());
      case "extract" -> List.of(new ExtractCommand());
      case "convert" -> List.of(new ConvertCommand());
      case "diff" -> List.of(new DiffCommand());
      case "verify" -> List.of(new VerifyCommand());
      case "preflight" -> List.of(new PreflightCommand());
      case "fleet" -> List.of(new FleetCommand());
      case "status" -> List.of(new StatusCommand());
      case "report" -> List.of(new ReportCommand());
      case "who" -> List.of(new WhoCommand());
      case "show" -> List.of(new ShowStructureCommand());
      case "abi" -> List.of(new AbiCommand());
      case "warm" -> List.of(new WarmCommand());
      case "author" -> List.of(new AuthorCommand());
      case "--version", "-V" -> args.length == 1 ? List.of() : commands();
      default -> commands();
    };
  }

  static CommandLine commandLine() {
    return new CommandLine(new Root(commands()).spec());
  }

  /**
   * Runs one command line. Never throws.
   *
   * @return {@link Command#OK}, {@link Command#BAD_ANSWER} or {@link Command#FAILED}
   */
  public int run(String... args) {
    try {
      CommandLine commandLine = new CommandLine(new Root(commands.apply(args)).spec());
      return execute(commandLine.registerConverter(Path.class, Kho::path), args);
    } catch (ParameterException e) {
      explain(FailureMessage.unknownOption(e, args).orElse(e), args);
      String command = e.getCommandLine().getCommandSpec().qualifiedName();
      console
          .err()
          .println(
              command.equals("kho")
                  ? "kho: 'kho --help' lists the commands"
                  : "kho: '" + command + " --help' shows its arguments and options");
    } catch (Throwable e) {
      if (FailureMessage.unwrap(e) instanceof OutputException && OutputException.readerWentAway()) {
        return Command.OK;
      }
      explain(e, args);
    }
    return Command.FAILED;
  }

  private int execute(CommandLine commandLine, String... args) throws IOException {
    ParseResult parsed = commandLine.parseArgs(args);
    Invocation invocation = new Invocation(parsed, console, colourWanted);
    Text text = invocation.text();
    List<CommandLine> levels = new ArrayList<>(parsed.asCommandLineList());
    for (CommandLine level : levels) {
      if (level.isUsageHelpRequested()) {
        requireAllMatched(levels);
        HelpCommand.show(levels.getLast(), invocation);
        text.flush();
        return Command.OK;
      }
    }
    if (parsed.isVersionHelpRequested()) {
      text.line(Version.line()).flush();
      return Command.OK;
    }
    Command command = (Command) levels.getLast().getCommandSpec().userObject();
    int answer = command.start(invocation);
    text.flush();
    return answer;
  }

  private static Path path(String text) {
    if (text.isEmpty()) {
      throw new TypeConversionException("'' is no name of a file");
    }
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new TypeConversionException(FailureMessage.noPath(e));
    }
  }

  /** picocli lets a request for help excuse every other mistake; a wrong command is one. */
  private static void requireAllMatched(List<CommandLine> levels) {
    for (CommandLine level : levels) {
      if (!level.getUnmatchedArguments().isEmpty()) {
        throw new UnmatchedArgumentException(level, level.getUnmatchedArguments());
      }
    }
  }

  private void explain(Throwable failure, String... args) {
    console.err().println("kho: " + FailureMessage.of(failure));
    if (List.of(args).contains("--debug")) {
      failure.printStackTrace(console.err());
    }
  }

  /** {@code kho} without a command. */
  private static final class Root extends Command {

    Root(List<Command> commands) {
      super(
          "kho",
          "Shows what a Linux kernel handed over through Kexec Handover (KHO), from any memory"
              + " image.");
      option(
          OptionSpec.builder("-V", "--version")
              .versionHelp(true)
              .description("Shows the version."));
      commands.forEach(this::subcommand);
      opensNoImage();
      example("kho inspect examples/linux-7.3.4-jump-kho-test.ram.zst");
      example("kho verify vmcore");
      example("kho preflight --from running --to /boot/vmlinuz-7.3.4");
    }

    @Override
    public int run(Invocation invocation) {
      CommandLine kho = invocation.commandLine().commandSpec().commandLine();
      invocation.note("no command given\n\n" + kho.getUsageMessage(Ansi.OFF).stripTrailing());
      return FAILED;
    }
  }
}
