package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Run;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The {@code kho} command of this tree, called as its users call it. */
public final class KhoCommand {

  private KhoCommand() {}

  /** Runs {@code kho inspect --json} on the guest's RAM file. */
  static JsonNode inspect(Run run) throws IOException, InterruptedException {
    return inspect(run, "--base", "0x%x".formatted(run.kernel().arch().ramBase()));
  }

  /** Runs {@code kho inspect --json} on a RAM file that is not flat. */
  static JsonNode inspect(Run run, Path layout) throws IOException, InterruptedException {
    return inspect(run, "--ram-layout", layout.toString());
  }

  private static JsonNode inspect(Run run, String option, String value)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("inspect", "--json", option, value));
    arguments.add(run.directory().resolve(Guest.RAM).toString());
    return new JsonMapper().readTree(run(run, arguments));
  }

  /** Runs a command, which has to end well; what it wrote to stdout. */
  static byte[] run(Run run, List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(run.lab().resolveSibling("kho").toString());
    command.addAll(arguments);
    Path errors = run.directory().resolve("kho.log");
    Path out = run.directory().resolve("kho.out");
    Process process =
        new ProcessBuilder(command)
            .directory(run.directory().toFile())
            .redirectOutput(out.toFile())
            .redirectError(errors.toFile())
            .start();
    if (!run.waitFor(process)) {
      throw new LabFailure("the time is up: kho %s has not ended".formatted(arguments));
    }
    if (process.exitValue() != 0) {
      throw new LabFailure("kho %s: %s".formatted(arguments, Files.readString(errors)));
    }
    return Files.readAllBytes(out);
  }

  /** Has the command build itself, which is no part of any scenario's time. */
  public static void build(Path lab) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(lab.resolveSibling("kho").toString(), "--version")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    if (process.waitFor() != 0) {
      throw new LabFailure("the kho command could not be built");
    }
  }
}
