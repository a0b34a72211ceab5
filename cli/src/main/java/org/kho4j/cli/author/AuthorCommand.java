package org.kho4j.cli.author;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.WritableMemory;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho author SPEC -o RAM}. */
public final class AuthorCommand extends Command {

  public AuthorCommand() {
    super(
        "author",
        "Writes a handover, described in a file, into a RAM file that a kernel can boot on.",
        "SPEC is JSON, with optional comments: the machine, its memory, and the handover."
            + " docs/author.md documents every key, examples/author/ has a spec for each client of"
            + " KHO, and docs/guide-write-a-handover.md leads to a booted kernel.",
        "The spec is checked first. If it is contradictory, the error names the line, and nothing"
            + " is written.",
        "Exit status: 0 if the handover was written, 2 if not.");
    opensNoImage();
    example("kho author examples/author/luo.jsonc -o ram");
    example("kho author spec.jsonc -o ram --boot-image bzImage --boot-image-out bzImage-kho");
    parameter(
        PositionalParamSpec.builder()
            .index("0")
            .arity("1")
            .type(Path.class)
            .paramLabel("SPEC")
            .description("The handover to write."));
    option(
        BootFiles.file(
                "RAM", "The RAM file to write: sparse, for its owner only.", "-o", "--output")
            .required(true));
    BootFiles.options().forEach(this::option);
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Path path = Objects.requireNonNull(invocation.parameter(0, Path.class), "picocli wants a SPEC");
    invocation.reads(path);
    Path parent = path.toAbsolutePath().getParent();
    Spec spec =
        SpecReader.read(
            SpecParser.parse(path),
            new ContentReader(Objects.requireNonNull(parent, "a spec"), invocation::reads));
    Layout layout = Layout.of(spec, invocation.options().json());
    BootFiles files = BootFiles.of(invocation, spec.arch() == Arch.X86_64, "the spec");
    try (Outputs outputs = new Outputs(invocation)) {
      OutputFile ram =
          outputs.add(Objects.requireNonNull(invocation.value("-o", Path.class), "-o"));
      files.addTo(outputs);
      ram.requireRoom(spec.written());
      write(invocation, new Request(spec, layout, ram, files), outputs);
    }
    return OK;
  }

  private record Request(Spec spec, Layout layout, OutputFile ram, BootFiles files) {}

  private static void write(Invocation invocation, Request request, Outputs outputs)
      throws IOException {
    BootFiles files = request.files;
    try (WritableMemory memory = request.ram.memory(request.spec.memory().range())) {
      Author.AuthoredBoot written = Author.write(request.spec, request.layout, memory);
      files.write(written.boot(), written.setupData());
      outputs.publish();
      AuthoredImage outcome =
          new AuthoredImage(
              request.spec,
              request.layout,
              written,
              request.ram.target(),
              files.deviceTree(),
              files.bootImage(),
              AuthoredImage.notes(request.spec, request.layout, files.kernel()));
      show(invocation, outcome, memory);
    } catch (InternalError e) {
      throw new IOException(request.ram.target() + ": there is no space left for it", e);
    }
  }

  private static void show(Invocation invocation, AuthoredImage outcome, WritableMemory memory)
      throws IOException {
    if (invocation.options().json()) {
      var handover =
          Handovers.of(
                  memory,
                  List.of(RootSearch.at(memory, outcome.boot().fdtAddress())),
                  outcome.spec().pageSize())
              .getFirst();
      try (Json json = invocation.json()) {
        AuthorJson.write(outcome, handover, json);
      }
    } else {
      AuthorText.show(outcome, memory, invocation.text());
    }
    outcome.notes().forEach(note -> invocation.note("note: " + note));
  }
}
