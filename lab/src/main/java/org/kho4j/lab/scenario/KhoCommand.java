package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Run;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The {@code kho} command of this tree, called as its users call it. */
final class KhoCommand {

  private KhoCommand() {}

  /** What {@code kho inspect --json} says about the guest's RAM file. */
  static JsonNode inspect(Run run, String... more) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("inspect", "--json"));
    arguments.addAll(List.of("--base", "0x%x".formatted(run.kernel().arch().ramBase())));
    arguments.addAll(List.of(more));
    arguments.add(run.directory().resolve(Guest.RAM).toString());
    return new JsonMapper().readTree(run(run, arguments));
  }

  /** Runs a command, which has to end well; what it wrote to stdout. */
  static byte[] run(Run run, List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(run.lab().resolveSibling("kho").toString());
    command.addAll(arguments);
    Path errors = run.directory().resolve("kho.log");
    Process process =
        new ProcessBuilder(command)
            .directory(run.directory().toFile())
            .redirectError(errors.toFile())
            .start();
    byte[] out = process.getInputStream().readAllBytes();
    if (process.waitFor() != 0) {
      throw new LabFailure(
          "kho %s: %s".formatted(arguments, java.nio.file.Files.readString(errors)));
    }
    return out;
  }

  /** A page size as the command names it. */
  static String label(PageSize pageSize) {
    return pageSize.bytes() / 1024 + "K";
  }
}
