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
          .append("| rule | severity | what has to hold | outcome where it does not |\n")
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
          "\n<details>\n<summary>What a kernel does, an example and a remedy for each</summary>\n");
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
        + item("When it is broken: " + rule.kernel())
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

      `kho verify SOURCE` checks what a kernel relies on, which is more than it checks. Every rule has an
      id that does not change, a severity, and what a real kernel does where it is broken, with the
      releases that this is known of. The examples are findings on the memory of a real kernel, changed in
      one place; the tests make them. What can become of such a handover is one of *restored*, *warned*,
      *failed*, *lost*, *panic* and *hang*, as real kernels have shown: [agreement with
      reality](agreement.md) says what the words mean, and has the figures.

      | severity | means |
      |---|---|
      | error | state is lost or wrong in the next kernel, or that kernel stops |
      | warning | a kernel takes it, and somebody should know |
      | info | nothing is broken |

      What depends on a part that is broken is not checked, and the summary says so: where the map's own
      pages are wrong, nothing is said about what is preserved. At most 20 findings per rule are printed,
      and the rest are counted; `--all` prints all. The rules SCRATCH apply where the boot record leads to
      the regions: it is [searched for](cli.md#where-scratch-is), or `--setup-data` or `--scratch-array`
      says where they are. Memory that [a dump left out](cli.md#dumps-that-leave-pages-out) breaks no
      rule: it is listed as not checked.
      """;
}
