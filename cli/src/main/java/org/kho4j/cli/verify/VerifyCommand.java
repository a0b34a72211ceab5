package org.kho4j.cli.verify;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.output.Progress;
import org.kho4j.fdt.Fdt;
import org.kho4j.handover.Handover;
import org.kho4j.handover.HandoverException;
import org.kho4j.handover.RootFdt;
import org.kho4j.handover.RootSearch;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Checked;
import org.kho4j.verify.Finding;
import org.kho4j.verify.Rule;
import org.kho4j.verify.Rules;
import org.kho4j.verify.Severity;
import org.kho4j.verify.Verifier;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/** {@code kho verify SOURCE} and {@code kho verify --rules}. */
public final class VerifyCommand extends Command {

  private static final int LISTED_BY_DEFAULT = 20;

  public VerifyCommand() {
    super(
        "verify",
        "Checks the handovers in a memory image: one line for each finding, worst first.",
        "Checks what a kernel relies on, which is more than it checks, and says what a real kernel does where a rule is"
            + " broken. Of a handover that was taken already nothing is left to check, which is said and is no fault.",
        "Exit status: 0 if there is no error, 1 if there is one, 2 if there is no handover.");
    parameter(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(Path.class)
            .paramLabel("SOURCE")
            .description("A memory image, as for kho inspect. Not with --rules."));
    option(flag("--rules", "Lists the rules, and checks nothing."));
    option(
        OptionSpec.builder("--only")
            .type(String.class)
            .paramLabel("ID,…")
            .description("Tells findings of these rules, or groups of rules (MEMFD), alone."));
    option(
        OptionSpec.builder("--severity")
            .type(Severity.class)
            .converters(VerifyCommand::severityOf)
            .paramLabel("LEVEL")
            .description("Tells findings of this severity or worse: error, warning or info."));
    option(
        OptionSpec.builder("--all")
            .type(boolean.class)
            .arity("0")
            .description(
                "Tells every finding, not the first " + LISTED_BY_DEFAULT + " of each rule."));
    option(
        OptionSpec.builder("--setup-data")
            .type(Long.class)
            .converters(Numbers::parse)
            .paramLabel("ADDR")
            .description(
                "Physical address of x86-64's boot record, which tells where scratch is."));
    option(
        OptionSpec.builder("--scratch-array")
            .type(AddressRange.class)
            .converters(VerifyCommand::rangeOf)
            .paramLabel("ADDR,SIZE")
            .description("Physical address and bytes of the scratch array."));
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
      throw invocation.wrong("what shall be verified? SOURCE is missing");
    }
    try (PhysicalMemory memory = invocation.open(source)) {
      return run(invocation, memory);
    }
  }

  private static int run(Invocation invocation, PhysicalMemory memory) throws IOException {
    List<Finding> findings = new ArrayList<>();
    Set<Rule> wanted = wanted(invocation);
    RootSearch search = search(invocation, memory);
    OptionalLong fdt = invocation.options().fdt();
    List<RootFdt> roots = new ArrayList<>(search.roots());
    for (HandoverException rejected : search.rejected()) {
      if (fdt.isEmpty() || rejected.address() == fdt.getAsLong()) {
        findings.add(Verifier.unreadable(rejected));
      }
    }
    if (fdt.isPresent() && roots.stream().noneMatch(root -> root.address() == fdt.getAsLong())) {
      try {
        roots.add(RootSearch.at(memory, fdt.getAsLong()));
      } catch (HandoverException e) {
        if (!isTree(memory, fdt.getAsLong())) {
          throw e;
        }
        findings.clear();
        findings.add(Verifier.unreadable(e));
      }
    }
    List<Handover> all = HandoverSearch.handovers(invocation, memory, roots);
    Checked checked = Checked.NOTHING;
    boolean outgoing = all.stream().anyMatch(one -> one.role() == Handover.Role.OUTGOING);
    for (Handover handover : all) {
      if (fdt.isEmpty() || handover.root().address() == fdt.getAsLong()) {
        boolean consumed = outgoing && handover.role() == Handover.Role.INCOMING;
        checked =
            checked.plus(
                Verifier.verify(handover, consumed, options(invocation, wanted), findings::add));
      }
    }
    findings.removeIf(finding -> !wanted.contains(finding.rule()));
    findings.sort(Comparator.comparing(finding -> finding.rule().severity()));
    if (invocation.options().json()) {
      FindingView.json(invocation, findings, checked);
    } else if (!all.isEmpty() || !findings.isEmpty()) {
      FindingView.text(invocation, findings, checked);
    }
    if (all.isEmpty() && findings.isEmpty()) {
      invocation.note(
          memory.source().path()
              + ": no handover: no page is a device tree that names a version of KHO"
              + " (a raw image that starts elsewhere than at 0 wants --base)");
      return FAILED;
    }
    return findings.stream().anyMatch(finding -> finding.rule().severity() == Severity.ERROR)
        ? BAD_ANSWER
        : OK;
  }

  /** Also where the root FDT is known: which handover was taken shows only beside the others. */
  private static RootSearch search(Invocation invocation, PhysicalMemory memory) {
    AtomicLong searched = new AtomicLong();
    try (Progress progress = invocation.progress("searching", memory.source().bytes())) {
      return RootSearch.search(memory, bytes -> progress.done(searched.addAndGet(bytes)));
    }
  }

  private static boolean isTree(PhysicalMemory memory, long address) {
    try {
      return Fdt.isMagic(memory.read(address, Fdt.HEADER_SIZE));
    } catch (MemoryReadException | IllegalArgumentException e) {
      return false;
    }
  }

  private static Verifier.Options options(Invocation invocation, Set<Rule> wanted) {
    Long setupData = invocation.value("--setup-data", Long.class);
    return new Verifier.Options(
        wanted::contains,
        invocation.flag("--all") ? Integer.MAX_VALUE : LISTED_BY_DEFAULT,
        setupData == null ? OptionalLong.empty() : OptionalLong.of(setupData),
        Optional.ofNullable(invocation.value("--scratch-array", AddressRange.class)));
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

  private static Severity severityOf(String text) {
    return Stream.of(Severity.values())
        .filter(severity -> severity.label().equals(text))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                "'" + text + "' is not a severity: error, warning or info"));
  }

  private static AddressRange rangeOf(String text) {
    int comma = text.indexOf(',');
    if (comma < 0) {
      throw new TypeConversionException("'" + text + "' is not ADDR,SIZE");
    }
    try {
      return new AddressRange(
          Numbers.parse(text.substring(0, comma)), Numbers.parse(text.substring(comma + 1)));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'" + text + "' is not a range of memory");
    }
  }
}
