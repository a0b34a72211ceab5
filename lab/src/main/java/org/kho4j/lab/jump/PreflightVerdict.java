package org.kho4j.lab.jump;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Run;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The verdict of kho preflight.
 *
 * @param overall its verdict
 * @param parts the verdict of each component
 */
record PreflightVerdict(String overall, Map<String, String> parts) {

  private static final int UNREADABLE = 2;

  /** Asks kho preflight; returns null if it cannot read one of the two kernels. */
  static @Nullable PreflightVerdict ask(Run run, Path from, Path to, List<String> options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(run.lab().resolveSibling("kho").toString());
    command.addAll(
        List.of("preflight", "--json", "--from", from.toString(), "--to", to.toString()));
    command.addAll(options);
    Path errors = run.directory().resolve("kho.log");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.waitFor();
    if (status == UNREADABLE) {
      return null;
    }
    if (status > UNREADABLE) {
      throw new LabFailure("%s: %s".formatted(command, Files.readString(errors)));
    }
    JsonNode json = new JsonMapper().readTree(out);
    Map<String, String> parts = new LinkedHashMap<>();
    for (JsonNode component : json.get("components")) {
      parts.put(component.get("name").asString(), component.get("verdict").asString());
    }
    return new PreflightVerdict(json.get("verdict").asString(), parts);
  }

  /** Has kho preflight write down what a kernel speaks. */
  static void saveProfile(Path lab, Path kernel, Path profile)
      throws IOException, InterruptedException {
    List<String> command =
        List.of(
            lab.resolveSibling("kho").toString(),
            "preflight",
            "--to",
            kernel.toString(),
            "--save-profile",
            profile.toString(),
            "--force");
    if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
      throw new LabFailure("no profile of " + kernel);
    }
  }
}
