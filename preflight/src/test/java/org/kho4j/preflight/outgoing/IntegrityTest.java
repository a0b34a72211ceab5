package org.kho4j.preflight.outgoing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kho4j.verify.Rules;
import org.kho4j.verify.result.Rule;

class IntegrityTest {

  @Test
  void rulesThatVersionsDecideAreRulesOfVerify() {
    assertThat(Rules.ALL).extracting(Rule::id).containsAll(Integrity.DECIDED_BY_VERSIONS);
  }
}
