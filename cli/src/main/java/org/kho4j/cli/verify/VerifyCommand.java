package org.kho4j.cli.verify;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.kho4j.cli.command.Choice;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Rules;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.result.Severity;
import org.kho4j.verify.result.Soundness;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho verify SOURCE} and {@code kho verify --rules}. */
public final class VerifyCommand extends Command {

  private static final Choice<Severity> SEVERITIES =
      new Choice<>(Severity.class, Severity::label, List.of(Severity.values()), "a severity");

  private static final int LISTED_BY_DEFAULT = 20;

  public VerifyCommand() {
    super(
        "verify",
        "Checks the handovers in a memory image: one line for each finding, worst first.",
        "Checks everything that a kernel relies on, including what no kernel checks. Each finding"
            + " describes what a real kernel does with the error. Two cases are reported but are"
            + " not errors: a consumed handover, which cannot be checked, and memory that a dump"
            + " left out, which is listed as not checked.",
        "Exit status: 0 without an error, 1 with an error, 2 if there is no handover.");
    example("kho verify vmcore");
    example("kho verify running");
    example("kho verify ram.zst --severity warning --json");
    example("kho verify --rules --only VMALLOC");
    parameter(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(Path.class)
            .paramLabel("SOURCE")
            .description("A memory image, as for kho inspect. Not with --rules."));
    option(flag("--rules", "Lists the rules without checking anything."));
    option(
        OptionSpec.builder("--only")
            .type(String.class)
            .paramLabel("ID,…")
            .description(
                "Prints only findings of these rules, or groups of rules (MEMFD). Verdict, counts"
                    + " and exit status are those of all findings."));
    option(
        SEVERITIES
            .option("--severity")
            .paramLabel("LEVEL")
            .description(
                "Prints only findings of this severity or worse: error, warning or info."));
    option(
        OptionSpec.builder("--all")
            .type(boolean.class)
            .arity("0")
            .description(
                "Prints every finding. Default: the first "
                    + LISTED_BY_DEFAULT
                    + " of each rule."));
    option(HandoverSearch.roleOption());
    ScratchOptions.all().forEach(this::option);
  }

  private static OptionSpec.Builder flag(String name, String description) {
    return OptionSpec.builder(name).type(boolean.class).arity("0").description(description);
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    if (invocation.flag("--rules")) {
      RuleList.show(invocation, Rules.ALL.stream().filter(wanted(invocation)::contains).toList());
      return OK;
    }
    Path source = invocation.parameter(0, Path.class);
    if (source == null) {
      throw invocation.wrong("give a memory image as SOURCE, or --rules");
    }
    try (PhysicalMemory memory = invocation.open(source)) {
      return run(invocation, memory);
    }
  }

  private static int run(Invocation invocation, PhysicalMemory memory) throws IOException {
    Set<Rule> wanted = wanted(invocation);
    VerifiedSource source = VerifiedSource.of(invocation, memory);
    Verification verification = Verification.of(source, wanted, options(invocation, wanted));
    if (invocation.options().json()) {
      FindingView.json(invocation, memory.source(), verification);
    } else if (!verification.isEmpty()) {
      FindingView.text(invocation, verification);
    }
    HandoverSearch.noteNested(invocation, source.nested());
    if (verification.isEmpty()) {
      invocation.note(HandoverSearch.nothingFound(memory));
      return FAILED;
    }
    return verification.verdict() == Soundness.ERRORS ? BAD_ANSWER : OK;
  }

  private static Verifier.Options options(Invocation invocation, Set<Rule> wanted) {
    return ScratchOptions.verifying(
        invocation,
        wanted::contains,
        invocation.flag("--all") ? Integer.MAX_VALUE : LISTED_BY_DEFAULT);
  }

  private static Set<Rule> wanted(Invocation invocation) {
    String only = invocation.value("--only", String.class);
    Severity least = invocation.value("--severity", Severity.class);
    Set<Rule> wanted = new HashSet<>(only == null ? Rules.ALL : named(invocation, only));
    if (least != null) {
      wanted.removeIf(rule -> rule.severity().compareTo(least) > 0);
    }
    return wanted;
  }

  private static List<Rule> named(Invocation invocation, String ids) {
    List<Rule> rules = new ArrayList<>();
    for (String id : ids.split(",", -1)) {
      List<Rule> found =
          Rules.ALL.stream()
              .filter(rule -> rule.id().equalsIgnoreCase(id) || rule.group().equalsIgnoreCase(id))
              .toList();
      if (found.isEmpty()) {
        throw invocation.wrong("there is no rule '" + id + "'; kho verify --rules lists them");
      }
      rules.addAll(found);
    }
    return rules;
  }
}
