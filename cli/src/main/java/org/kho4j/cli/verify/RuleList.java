package org.kho4j.cli.verify;

import java.io.IOException;
import java.util.List;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.verify.result.Outcome;
import org.kho4j.verify.result.Rule;

/** The rules by themselves. */
final class RuleList {

  private RuleList() {}

  static void show(Invocation invocation, List<Rule> rules) throws IOException {
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        json.document(Schema.VERIFY_RULES).array("rules");
        for (Rule rule : rules) {
          json.object()
              .text("id", rule.id())
              .text("severity", rule.severity().label())
              .text("sentence", rule.sentence())
              .text("kernel", rule.kernel())
              .text("remedy", rule.remedy())
              .array("outcomes");
          for (Outcome outcome : rule.outcomes().stream().sorted().toList()) {
            json.text(outcome.label());
          }
          json.endArray().endObject();
        }
        json.endArray().endObject();
      }
      return;
    }
    Text text = invocation.text();
    for (Rule rule : rules) {
      text.put(Text.Style.NAME, "%-11s ".formatted(rule.id()))
          .put(FindingView.style(rule.severity()), "%-7s".formatted(rule.severity().label()))
          .put(" " + rule.sentence())
          .line();
    }
  }
}
