package org.kho4j.verify;

/**
 * Something that holds in every sound handover.
 *
 * @param id stable: {@code "VMALLOC-007"}
 * @param severity how bad it is when it does not hold
 * @param sentence what holds
 * @param kernel what a real kernel does when it does not, with the release that this is known of
 * @param remedy where to look for the cause, and what to do
 */
public record Rule(String id, Severity severity, String sentence, String kernel, String remedy) {

  static Rule error(String id, String sentence, String kernel, String remedy) {
    return new Rule(id, Severity.ERROR, sentence, kernel, remedy);
  }

  static Rule warning(String id, String sentence, String kernel, String remedy) {
    return new Rule(id, Severity.WARNING, sentence, kernel, remedy);
  }

  static Rule info(String id, String sentence, String kernel, String remedy) {
    return new Rule(id, Severity.INFO, sentence, kernel, remedy);
  }

  /** What the rule is about: {@code "VMALLOC"}. */
  public String group() {
    return id.substring(0, id.indexOf('-'));
  }

  @Override
  public String toString() {
    return id;
  }
}
