package org.kho4j.cli.author;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.author.Spec.Arch;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.OutputFile;
import org.kho4j.fdt.FdtException;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.RootSearch;
import org.kho4j.handover.generation.BootData;
import org.kho4j.handover.generation.ChosenNode;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.WritableMemory;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;

/** {@code kho author SPEC -o RAM}. */
public final class AuthorCommand extends Command {

  /** A machine's device tree has tens of kilobytes. */
  private static final int MAX_DEVICE_TREE = 2 << 20;

  public AuthorCommand() {
    super(
        "author",
        "Writes a handover that a file describes into a RAM file, for a kernel to boot on.",
        "SPEC is JSON, which may have comments: the machine, its memory, and what is handed over. docs/author.md has every"
            + " key, examples/author/ one spec for each client of KHO, docs/guide-write-a-handover.md the way to a booted"
            + " kernel.",
        "The spec is checked first. What contradicts itself is named with its line, and nothing is written then.",
        "Exit status: 0 if it was written, 2 if not.");
    parameter(
        PositionalParamSpec.builder()
            .index("0")
            .arity("1")
            .type(Path.class)
            .paramLabel("SPEC")
            .description("The handover to write."));
    option(
        file("RAM", "The RAM file to write: sparse, for its owner only.", "-o", "--output")
            .required(true));
    option(
        OptionSpec.builder("--force")
            .type(boolean.class)
            .arity("0")
            .description("Replaces files that are there already."));
    option(
        file(
            "BZIMAGE",
            "x86-64: a kernel that shall boot on it; needs --boot-image-out.",
            "--boot-image"));
    option(
        file(
            "FILE",
            "x86-64: a copy of that kernel that names the boot record.",
            "--boot-image-out"));
    option(
        file(
            "TREE",
            "arm64: the machine's device tree (QEMU: -machine virt,dumpdtb=TREE); needs --dtb-out.",
            "--dtb"));
    option(
        file(
            "FILE",
            "arm64: a copy of that tree with the boot record, or a tree with nothing else.",
            "--dtb-out"));
  }

  private static OptionSpec.Builder file(String label, String description, String... names) {
    return OptionSpec.builder(names).type(Path.class).paramLabel(label).description(description);
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Path path = Objects.requireNonNull(invocation.parameter(0, Path.class), "picocli wants a SPEC");
    requireNoReadingOptions(invocation);
    Path parent = path.toAbsolutePath().getParent();
    Spec spec =
        SpecReader.read(
            SpecParser.parse(path), new ContentReader(Objects.requireNonNull(parent, "a spec")));
    Layout layout = Layout.of(spec, invocation.options().json());
    requireArch(invocation, spec.arch());
    Optional<BootImage> kernel = Optional.empty();
    if (invocation.flag("--boot-image")) {
      kernel = Optional.of(BootImage.open(option(invocation, "--boot-image")));
    }
    boolean force = invocation.flag("--force");
    try (Outputs outputs = new Outputs(force)) {
      OutputFile ram = outputs.add(option(invocation, "-o"));
      Optional<OutputFile> copy = outputs.addIf(invocation, "--boot-image-out");
      Optional<OutputFile> tree = outputs.addIf(invocation, "--dtb-out");
      ram.requireRoom(spec.written());
      write(invocation, new Request(spec, layout, kernel, ram, copy, tree), outputs);
    }
    return OK;
  }

  private record Request(
      Spec spec,
      Layout layout,
      Optional<BootImage> kernel,
      OutputFile ram,
      Optional<OutputFile> copy,
      Optional<OutputFile> tree) {}

  private static void write(Invocation invocation, Request request, Outputs outputs)
      throws IOException {
    AddressRange range = request.spec.memory().range();
    try (WritableMemory memory =
        WritableMemory.create(request.ram.temporary(), range.address(), range.length())) {
      Author.Written written = Author.write(request.spec, request.layout, memory);
      if (request.kernel.isPresent() && request.copy.isPresent()) {
        request
            .kernel
            .get()
            .copyTo(request.copy.get().temporary(), written.setupData().orElseThrow());
      }
      if (request.tree.isPresent()) {
        deviceTree(invocation, written.boot(), request.tree.get().temporary());
      }
      outputs.publish();
      Outcome outcome =
          new Outcome(
              request.spec,
              request.layout,
              written,
              option(invocation, "-o"),
              Optional.ofNullable(invocation.value("--dtb-out", Path.class)),
              Optional.ofNullable(invocation.value("--boot-image-out", Path.class)),
              Outcome.notes(request.spec, request.layout, request.kernel));
      show(invocation, outcome, memory);
    } catch (InternalError e) {
      throw new IOException(
          request.ram.target() + ": there is no room left for what is written into it", e);
    }
  }

  private static void show(Invocation invocation, Outcome outcome, WritableMemory memory)
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

  private static void deviceTree(Invocation invocation, BootData boot, Path file)
      throws IOException {
    MemorySegment tree;
    if (invocation.flag("--dtb")) {
      Path input = option(invocation, "--dtb");
      byte[] bytes;
      try (var in = Files.newInputStream(input)) {
        bytes = in.readNBytes(MAX_DEVICE_TREE + 1);
      }
      if (bytes.length > MAX_DEVICE_TREE) {
        throw new IOException(
            "%s: is larger than %d bytes, the most that a kernel takes as device tree"
                .formatted(input, MAX_DEVICE_TREE));
      }
      try {
        tree = ChosenNode.addTo(MemorySegment.ofArray(bytes), boot);
      } catch (FdtException | IllegalArgumentException e) {
        throw new IOException(
            "%s: is not a device tree to write to: %s".formatted(input, e.getMessage()), e);
      }
    } else {
      tree = ChosenNode.alone(boot);
    }
    Files.write(file, tree.toArray(ValueLayout.JAVA_BYTE), StandardOpenOption.CREATE_NEW);
  }

  private static Path option(Invocation invocation, String name) {
    return Objects.requireNonNull(invocation.value(name, Path.class), name);
  }

  private static void requireArch(Invocation invocation, Arch arch) {
    requireTogether(invocation, "--boot-image", "--boot-image-out");
    requireTogether(invocation, "--boot-image-out", "--boot-image");
    requireTogether(invocation, "--dtb", "--dtb-out");
    requireOnly(invocation, arch, Arch.X86_64, "--boot-image");
    requireOnly(invocation, arch, Arch.ARM64, "--dtb-out");
  }

  private static void requireTogether(Invocation invocation, String option, String needed) {
    if (invocation.flag(option) && !invocation.flag(needed)) {
      throw usage(invocation, option + " needs " + needed);
    }
  }

  private static void requireOnly(Invocation invocation, Arch arch, Arch needed, String option) {
    if (invocation.flag(option) && arch != needed) {
      throw usage(
          invocation,
          "%s is for %s, and the spec is for %s".formatted(option, needed.label(), arch.label()));
    }
  }

  private static void requireNoReadingOptions(Invocation invocation) {
    var options = invocation.options();
    @Nullable String given =
        options.fdt().isPresent()
            ? "--fdt"
            : options.pageSize().isPresent()
                ? "--page-size"
                : options.base() != 0
                    ? "--base"
                    : options.format() != null
                        ? "--format"
                        : options.ramLayout() != null ? "--ram-layout" : null;
    if (given != null) {
      throw usage(invocation, given + " is for reading: the spec says what is written");
    }
  }

  private static ParameterException usage(Invocation invocation, String sentence) {
    List<picocli.CommandLine> levels =
        new ArrayList<>(invocation.commandLine().asCommandLineList());
    return new ParameterException(levels.getLast(), sentence);
  }
}
