package org.kho4j.verify;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A real kernel's memory that breaks one rule, and one that comes close and does not.
 *
 * @param rule its id
 * @param capture which memory
 * @param broken what breaks the rule
 * @param silent what comes close
 */
record RuleCase(String rule, String capture, Consumer<Guest> broken, Consumer<Guest> silent) {

  static List<RuleCase> all() {
    return Stream.of(RootCases.ALL, AreaCases.ALL, LuoCases.ALL, MemfdCases.ALL, ClientCases.ALL)
        .flatMap(List::stream)
        .toList();
  }

  List<Finding> findings(Consumer<Guest> change) {
    Guest guest = Guest.of(capture);
    change.accept(guest);
    return guest.verify();
  }

  @Override
  public String toString() {
    return rule;
  }
}
