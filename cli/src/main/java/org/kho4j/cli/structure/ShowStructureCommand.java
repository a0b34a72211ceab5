package org.kho4j.cli.structure;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.command.SourceCommand;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Units;
import org.kho4j.cli.verify.ScratchOptions;
import org.kho4j.handover.Handover;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Checked;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/** {@code kho show SOURCE [PATH]}. */
public final class ShowStructureCommand extends SourceCommand {

  private static final int ELEMENTS_BY_DEFAULT = 64;
  private static final int PATHS_BY_DEFAULT = 1000;
  private static final int MOST_REASONS = 10;

  public ShowStructureCommand() {
    super(
        "show",
        "Shows one structure: fields, values and bytes.",
        "PATH is the path of a structure, with or without its quotes, or the address of a byte in"
            + " the structure. Without PATH, the command lists the paths; inspect, verify and who"
            + " print them as well. Several structures may share a path: the entry of a file in its"
            + " list, and the structure of its handler. Addresses are shown with the path of their"
            + " target.",
        "Exit status: 0 if a structure was shown, 2 if no structure that can be read has this path.");
    example("kho show vmcore");
    example("kho show vmcore '/LUO/session \"vm\"/file 0x100'");
    example("kho show vmcore /LUO/session vm/file 0x100/folio 7");
    example("kho show vmcore 0x778010 --json");
    parameter(
        PositionalParamSpec.builder()
            .index("1..*")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("PATH")
            .description("Path or address of the structure. Default: lists the paths."));
    option(
        OptionSpec.builder("--all")
            .type(boolean.class)
            .arity("0")
            .description(
                ("Shows every element of an array and every path. Default: the first %d elements and"
                        + " 1,000 paths.")
                    .formatted(ELEMENTS_BY_DEFAULT)));
    option(HandoverSearch.roleOption("--role", "The handover to read. Default: outgoing."));
    ScratchOptions.regions().forEach(this::option);
  }

  @Override
  protected int run(Invocation invocation, PhysicalMemory memory) throws IOException {
    HandoverSearch search = HandoverSearch.withBootRecords(invocation, memory);
    search.noteRejected(invocation);
    Handover handover = search.choose(HandoverSearch.role(invocation), "--fdt");
    if (handover.taken().isPresent()) {
      throw failure(
          handover,
          "a kernel has consumed it and reused its structures: " + handover.taken().get());
    }
    ScratchOptions.problem(handover, options(invocation))
        .ifPresent(problem -> invocation.note(problem.getMessage()));
    List<String> words = invocation.parameters(1);
    if (words.isEmpty()) {
      list(invocation, handover);
    } else {
      show(invocation, handover, String.join(" ", words));
    }
    return Command.OK;
  }

  private static IOException failure(Handover handover, String sentence) {
    Path source = handover.memory().physical().source().path();
    return new IOException(
        "%s: the handover at %s: %s"
            .formatted(source, Units.address(handover.root().address()), sentence));
  }

  private static Verifier.Options options(Invocation invocation) {
    return ScratchOptions.verifying(invocation, rule -> false, 0);
  }

  /** Returns the address that PATH is, or null if it is a path. */
  private static @Nullable Long address(Invocation invocation, String path) {
    if (path.isEmpty() || !Character.isDigit(path.charAt(0))) {
      return null;
    }
    try {
      return Numbers.parse(path);
    } catch (TypeConversionException e) {
      throw invocation.wrong(String.valueOf(e.getMessage()));
    }
  }

  private static void show(Invocation invocation, Handover handover, String path)
      throws IOException {
    int most = invocation.flag("--all") ? Integer.MAX_VALUE : ELEMENTS_BY_DEFAULT;
    Long address = address(invocation, path);
    StructureSearch search = new StructureSearch(handover, path, address, most);
    Verifier.verify(handover, options(invocation), finding -> {}, search);
    if (search.found().isEmpty() && address != null) {
      throw failure(
          handover,
          "no structure contains the address %s; kho who names the owner of an address"
              .formatted(path));
    }
    if (search.found().isEmpty()) {
      String reasons = reasons(invocation, handover, search);
      throw failure(
          handover,
          reasons.isEmpty()
              ? "no structure has the path %s%s; kho show without a path lists all paths"
                  .formatted(
                      path,
                      search.near().isEmpty()
                          ? ""
                          : ". Near it: " + String.join(", ", search.near()))
              : "no structure that can be read has the path %s: %s".formatted(path, reasons));
    }
    PointerNames names = new PointerNames(handover.pageSize(), search.found());
    if (!names.isEmpty()) {
      Verifier.verify(handover, options(invocation), finding -> {}, names);
    }
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        new StructureJson(json).show(handover, search, names);
      }
    } else {
      new StructureText(invocation.text()).show(search, names);
    }
  }

  /**
   * Returns what verify has at the path: findings, with the structure that the first one is about,
   * or that the dump left the structure out.
   */
  private static String reasons(Invocation invocation, Handover handover, StructureSearch search) {
    List<String> reasons = new ArrayList<>();
    List<Long> addresses = new ArrayList<>();
    Checked checked =
        Verifier.verify(
            handover,
            ScratchOptions.verifying(invocation, rule -> true, Integer.MAX_VALUE),
            finding -> {
              if (search.isAt(finding.path()) && reasons.size() < MOST_REASONS) {
                reasons.add(
                    "%s at %s: %s"
                        .formatted(
                            finding.rule().id(),
                            Units.address(finding.address()),
                            finding.message()));
                addresses.add(finding.address());
              }
            });
    checked.absent().parts().stream()
        .filter(part -> search.isAt(part.path()))
        .limit(MOST_REASONS)
        .forEach(part -> reasons.add("it is not in the dump, at " + Units.address(part.address())));
    if (!addresses.isEmpty()) {
      long address = addresses.getFirst();
      StructureSearch around = new StructureSearch(handover, "", address, 0);
      Verifier.verify(handover, options(invocation), finding -> {}, around);
      if (!around.found().isEmpty()) {
        reasons.add(
            "the byte at %s is in %s, which is shown for this address"
                .formatted(Units.address(address), around.found().getFirst().path()));
      }
    }
    return String.join("; ", reasons);
  }

  private static void list(Invocation invocation, Handover handover) throws IOException {
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        StructureJson view = new StructureJson(json);
        view.begin(handover);
        PathList paths = new PathList(view::path);
        Verifier.verify(handover, options(invocation), finding -> {}, paths);
        paths.flush();
        view.end();
      }
      return;
    }
    StructureText view = new StructureText(invocation.text());
    PathList paths = new PathList(view::path);
    paths.limit(invocation.flag("--all") ? Long.MAX_VALUE : PATHS_BY_DEFAULT);
    Verifier.verify(handover, options(invocation), finding -> {}, paths);
    paths.flush();
    view.endOfPaths(paths.more());
  }
}
