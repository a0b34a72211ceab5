package org.kho4j.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.kho4j.damage.RuleCase;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;

/** {@code docs/verify.md} is written from the rules, and its examples from their tests. */
class RulesPageTest {

  private static final Path PAGE =
      Path.of(System.getProperty("basedir", "."), "..", "docs", "verify.md").normalize();
  private static final String REGENERATE =
      "./mvnw -pl verify -am test -Dtest=RulesPageTest -Dsurefire.failIfNoSpecifiedTests=false"
          + " -Dkho.verify.write=true";

  @Test
  void committedPageIsWhatTheRulesSay() throws IOException {
    String page = page();
    if (Boolean.getBoolean("kho.verify.write")) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE))
        .as("%s is not what the rules say any more. Write it again with %s", PAGE, REGENERATE)
        .isEqualTo(page);
  }

  private static String page() {
    Map<String, RuleCase> cases =
        RuleCase.all().stream().collect(Collectors.toMap(RuleCase::rule, Function.identity()));
    StringBuilder page = new StringBuilder(HEAD);
    Map<String, List<Rule>> groups =
        Rules.ALL.stream()
            .collect(Collectors.groupingBy(Rule::group, LinkedHashMap::new, Collectors.toList()));
    groups.forEach((group, rules) -> {
      page.append("\n## %s\n\n".formatted(group))
          .append("| rule | severity | requirement | outcomes if broken |\n")
          .append("|---|---|---|---|\n");
      for (Rule rule : rules) {
        page.append(
            "| [%s](#%s) | %s | %s | %s |\n"
                .formatted(
                    rule.id(),
                    rule.id().toLowerCase(Locale.ROOT),
                    rule.severity().label(),
                    rule.sentence().replace("|", "\\|"),
                    outcomes(rule)));
      }
      page.append(
          "\n<details>\n<summary>For each rule: what a kernel does, an example and a remedy</summary>\n");
      rules.forEach(rule -> page.append(details(rule, cases.get(rule.id()))));
      page.append("\n</details>\n");
    });
    return page.toString();
  }

  private static String details(Rule rule, RuleCase example) {
    Finding finding =
        DamagedCapture.of(example.capture()).findings(example.broken()).stream()
            .filter(one -> one.rule().equals(rule))
            .findFirst()
            .orElseThrow();
    return "\n### %s\n\n".formatted(rule.id())
        + item("If broken: " + rule.kernel())
        + item(
            "Example: `%s` at 0x%x: %s"
                .formatted(finding.path(), finding.address(), finding.message()))
        + item("Remedy: " + rule.remedy());
  }

  private static String outcomes(Rule rule) {
    return rule.outcomes().stream().sorted().map(Outcome::label).collect(Collectors.joining(", "));
  }

  /** An item of a list, in lines of at most 100 columns. */
  private static String item(String text) {
    StringBuilder item = new StringBuilder("-");
    int column = 1;
    for (String word : text.split(" ", -1)) {
      boolean wraps = column + 1 + word.length() > 100;
      item.append(wraps ? "\n  " : " ").append(word);
      column = (wraps ? 2 : column + 1) + word.length();
    }
    return item.append('\n').toString();
  }

  private static final String HEAD =
      """
      # The rules

      <!-- Generated from the verify module; see RulesPageTest -->

      `kho verify SOURCE` checks everything in a handover that a kernel relies on, including what no
      kernel checks. Every rule has a stable id, a severity, and a description of what a real kernel
      does when the rule is broken, with the releases. *Inferred* marks what follows from the source
      and was not observed. The examples are findings on the memory of a real kernel in which a test
      changed one place. The last column lists the outcomes for such a handover: *restored*,
      *warned*, *failed*, *lost*, *panic* or *hang*. [Agreement with reality](agreement.md) defines
      these words, and counts how often real kernels showed each outcome. The
      [glossary](glossary.md) explains the terms.

      | severity | meaning |
      |---|---|
      | error | state is lost or wrong in the next kernel, or that kernel stops |
      | warning | a kernel accepts the handover, but something is unusual |
      | info | nothing is broken |

      `kho verify` does not check what depends on a broken part, and reports this: if pages of the map
      are broken, for example, it does not check what is preserved, and if a list is broken, it does
      not report the memory without a known owner. It prints at most 20 findings per rule and counts
      the rest; `--all` prints all. The SCRATCH rules apply if kho knows the scratch regions: it
      [searches](cli.md#where-scratch-is) for the boot record, or `--setup-data` or
      `--scratch-array` gives the address. Memory that [a dump left
      out](cli.md#dumps-that-leave-pages-out) breaks no rule: `kho verify` lists it as not checked.

      Three rules are about the version of the root FDT. FDT-003 reports a string that no kernel ever
      had, so the string is damaged; FDT-004, a version between two releases (kho-v2); FDT-015, a newer
      or a composite version.
      """;
}
