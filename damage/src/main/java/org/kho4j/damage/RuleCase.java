package org.kho4j.damage;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A case for one rule: changes that break the rule, and changes that nearly do.
 *
 * @param rule its id
 * @param capture which of the captures it is made for
 * @param broken what breaks the rule
 * @param silent what comes close
 */
public record RuleCase(
    String rule, String capture, Consumer<GuestMemory> broken, Consumer<GuestMemory> silent) {

  /** A case for memory at the jump with LUO sessions, which most rules are about. */
  static RuleCase luo(String rule, Consumer<GuestMemory> broken, Consumer<GuestMemory> silent) {
    return new RuleCase(rule, "jump-luo", broken, silent);
  }

  /** Returns a case for every rule. */
  public static List<RuleCase> all() {
    return Stream.of(
            RootCases.ALL,
            AreaCases.ALL,
            LuoCases.ALL,
            MemfdCases.ALL,
            SystemdCases.ALL,
            ClientCases.ALL)
        .flatMap(List::stream)
        .toList();
  }

  @Override
  public String toString() {
    return rule;
  }
}
