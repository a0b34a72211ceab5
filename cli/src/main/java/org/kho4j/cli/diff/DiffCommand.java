package org.kho4j.cli.diff;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalLong;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.GlobalOptions;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Progress;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handover.Role;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.memory.PhysicalMemory;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho diff A B}. */
public final class DiffCommand extends Command {

  public DiffCommand() {
    super(
        "diff",
        "Compares two handovers: what is the same, lost, changed or new.",
        "Matches subtrees, sessions, files and reservations by name, and compares their properties"
            + " and content; a different address is not a difference. Lines begin with = for the"
            + " same, ~ for changed, - for lost (only in A), + for added (only in B), ? for parts"
            + " that cannot be compared, as one side does not show them, and ! for parts that are"
            + " damaged.",
        "Exit status: 0 if there is no difference, 1 if there is one or a part is damaged, 2 if a"
            + " source has no handover that can be read.");
    example("kho diff before.ram after.ram --changes");
    example("kho diff arm64.ram vmcore --a-base 1G");
    source(0, "A", "A memory image.");
    source(1, "B", "The memory image to compare with; may be the same file.");
    option(
        HandoverSearch.roleOption(
            "--role", "The handover to read from both, incoming or outgoing. Default: outgoing."));
    for (String side : new String[] {"a", "b"}) {
      String upper = side.toUpperCase(Locale.ROOT);
      option(
          HandoverSearch.roleOption(
              "--" + side + "-role",
              "The handover to read from " + upper + ", incoming or outgoing. Default: --role."));
      option(
          OptionSpec.builder("--" + side + "-fdt")
              .type(Long.class)
              .converters(Numbers::parse)
              .paramLabel("ADDR")
              .description("Reads the root FDT of " + upper + " at this address."));
      option(
          GlobalOptions.baseOption(
              "--" + side + "-base",
              "Physical address of the first byte of " + upper + ". Default: --base."));
    }
    flag("--changes", "Shows only differences. JSON always has all.");
    flag("--no-content", "Compares only properties, and does not read content.");
  }

  private void source(int index, String label, String description) {
    parameter(
        PositionalParamSpec.builder()
            .index(Integer.toString(index))
            .arity("1")
            .required(true)
            .type(Path.class)
            .paramLabel(label)
            .description(description));
  }

  private void flag(String name, String description) {
    option(OptionSpec.builder(name).type(boolean.class).arity("0").description(description));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    if (invocation.options().fdt().isPresent()) {
      throw invocation.wrong("--fdt is ambiguous: give --a-fdt or --b-fdt");
    }
    if (isStandardInput(invocation, 0) && isStandardInput(invocation, 1)) {
      throw invocation.wrong("standard input cannot be both A and B");
    }
    try (PhysicalMemory first = open(invocation, 0, "--a-base");
        PhysicalMemory second = open(invocation, 1, "--b-base")) {
      Handover handoverA = choose(invocation, first, "--a");
      Handover handoverB = choose(invocation, second, "--b");
      DiffSide a = read(invocation, handoverA);
      DiffSide b = read(invocation, handoverB);
      Comparison comparison = Comparison.of(a.items(), b.items());
      boolean different =
          comparison.outcome().isDifference()
              || handoverA.mapFault().isPresent()
              || handoverB.mapFault().isPresent()
              || !a.problems().isEmpty()
              || !b.problems().isEmpty();
      if (invocation.options().json()) {
        try (Json json = invocation.json()) {
          new DiffJson(json).show(a, b, comparison, different);
        }
      } else {
        new DiffText(invocation.text(), invocation.flag("--changes")).show(a, b, comparison);
      }
      return different ? BAD_ANSWER : OK;
    }
  }

  private static boolean isStandardInput(Invocation invocation, int index) {
    Path path = invocation.parameter(index, Path.class);
    return path != null && path.equals(Invocation.STANDARD_INPUT);
  }

  private static PhysicalMemory open(Invocation invocation, int index, String baseOption)
      throws IOException {
    Path path = Objects.requireNonNull(invocation.parameter(index, Path.class), "picocli wants it");
    Long base = invocation.value(baseOption, Long.class);
    return base == null ? invocation.open(path) : invocation.open(path, base);
  }

  private static Handover choose(Invocation invocation, PhysicalMemory memory, String side)
      throws IOException {
    Role role = invocation.value(side + "-role", Role.class);
    Long fdt = invocation.value(side + "-fdt", Long.class);
    if (role != null && fdt != null) {
      throw invocation.wrong(side + "-fdt and " + side + "-role exclude each other");
    }
    if (role == null && fdt == null) {
      role = HandoverSearch.role(invocation);
    }
    HandoverSearch search;
    try {
      search =
          HandoverSearch.in(
              invocation, memory, fdt == null ? OptionalLong.empty() : OptionalLong.of(fdt));
    } catch (HandoverException e) {
      throw new IOException(memory.source().path() + ": " + e.getMessage(), e);
    }
    search.noteRejected(invocation);
    return search.choose(role, side + "-fdt");
  }

  private static DiffSide read(Invocation invocation, Handover handover) {
    Path path = handover.memory().physical().source().path();
    long most = Math.max(1, handover.memory().presentBytes());
    try (Progress progress = invocation.progress("comparing", most)) {
      Inventory.Found found =
          Inventory.of(handover, !invocation.flag("--no-content"), progress::done);
      return new DiffSide(
          path, handover, found.root(), found.problems(), found.absent(), found.uncompared());
    }
  }
}
