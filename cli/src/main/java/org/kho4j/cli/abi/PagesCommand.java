package org.kho4j.cli.abi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.kho4j.cli.abi.reference.ReferencePages;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.cli.output.Units;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho abi pages -o DIR}. */
final class PagesCommand extends Command {

  PagesCommand() {
    super("pages", "Writes the reference pages: the contract as Markdown, and as abi.json.");
    option(
        OptionSpec.builder("-o", "--output")
            .type(Path.class)
            .paramLabel("DIR")
            .required(true)
            .description("The directory to write to; it is created if it does not exist."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Path directory =
        Objects.requireNonNull(invocation.value("--output", Path.class), "picocli wants it");
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      throw OutputFile.failure(directory, "is not a directory");
    }
    Files.createDirectories(directory);
    Map<String, String> pages = ReferencePages.all();
    for (Map.Entry<String, String> page : pages.entrySet()) {
      try (OutputFile file = OutputFile.create(directory.resolve(page.getKey()), true, List.of())) {
        file.write(page.getValue().getBytes(StandardCharsets.UTF_8));
        file.commit();
      }
    }
    invocation.note(Units.count(pages.size(), "page", "pages") + " written to " + directory);
    return OK;
  }
}
