package org.kho4j.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.damage.RuleCase;
import org.kho4j.verify.result.Rule;

/**
 * Every rule on a real kernel's memory: changed in one place so that it breaks, and so that not.
 */
class RulesTest {

  static List<RuleCase> cases() {
    return RuleCase.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void findsTheRuleBroken(RuleCase rule) {
    assertThat(DamagedCapture.of(rule.capture()).findings(rule.broken()))
        .anySatisfy(finding -> assertThat(finding.rule().id()).isEqualTo(rule.rule()));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void isSilentBesideIt(RuleCase rule) {
    assertThat(DamagedCapture.of(rule.capture()).findings(rule.silent()))
        .noneSatisfy(finding -> assertThat(finding.rule().id()).isEqualTo(rule.rule()));
  }

  @Test
  void everyRuleHasBothTests() {
    assertThat(cases().stream().map(RuleCase::rule))
        .containsExactlyElementsOf(Rules.ALL.stream().map(Rule::id).toList())
        .doesNotHaveDuplicates();
  }

  @Test
  void everyRuleSaysWhatHoldsWhatAKernelDoesAndWhatToDo() {
    assertThat(Rules.ALL)
        .allSatisfy(rule -> {
          assertThat(rule.id()).matches("[A-Z]+-\\d{3}");
          assertThat(rule.sentence()).endsWith(".");
          assertThat(rule.kernel()).endsWith(".");
          assertThat(rule.remedy()).endsWith(".");
        });
  }
}
