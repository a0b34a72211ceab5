package org.kho4j.verify.state;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.Where;
import org.kho4j.verify.result.AbsentParts;
import org.kho4j.verify.result.Checked;
import org.kho4j.verify.result.Finding;
import org.kho4j.verify.result.Rule;
import org.kho4j.verify.result.Severity;

/**
 * Takes the findings of one handover, the counts of its structures and its unchecked parts. Reports
 * a limited number of findings per rule, and counts all of them: a rule may be broken a million
 * times.
 */
public final class Findings {

  private static final int MOST_NOT_CHECKED = 100;

  private final Consumer<Finding> consumer;
  private final Predicate<Rule> wanted;
  private final int perRule;
  private final Map<String, Long> byRule = new TreeMap<>();
  private final Map<Severity, Long> bySeverity = new EnumMap<>(Severity.class);
  private final Map<String, Long> structures = new LinkedHashMap<>();
  private final List<String> notChecked = new ArrayList<>();
  private final List<AbsentParts.Part> absent = new ArrayList<>();
  private final Map<AbsentParts.Kind, AbsentParts.Sum> absentSums =
      new EnumMap<>(AbsentParts.Kind.class);
  private boolean ownersKnown = true;
  private boolean ownersBroken;
  private final Set<String> guessedGroups = new HashSet<>();
  private long guesses;

  /**
   * Findings of one handover.
   *
   * @param wanted rules whose findings are reported
   * @param perRule most findings of one rule that are reported
   */
  public Findings(Consumer<Finding> consumer, Predicate<Rule> wanted, int perRule) {
    this.consumer = consumer;
    this.wanted = wanted;
    this.perRule = perRule;
  }

  /** Reports nothing: for a walk whose findings were reported before. */
  public static Findings none() {
    return new Findings(finding -> {}, rule -> false, 0);
  }

  /**
   * Makes the findings of some groups of rules, except for information, sentences on what was not
   * checked: they depend on a guess.
   */
  public void guess(Set<String> groups) {
    guessedGroups.addAll(groups);
  }

  private boolean isGuess(Rule rule) {
    return rule.severity() != Severity.INFO && guessedGroups.contains(rule.group());
  }

  private void guessed(Rule rule, String path, long address, Supplier<String> message) {
    guesses++;
    if (wanted.test(rule) && byRule.merge(rule.id(), 1L, Long::sum) <= perRule) {
      notChecked(
          "%s at %s, 0x%x: %s, if the page size is right"
              .formatted(rule, path, address, message.get()));
    }
  }

  /** Returns the number of findings so far that depend on a guess. */
  public long guesses() {
    return guesses;
  }

  /** Reports a finding. The message is made only if the finding is reported. */
  @SuppressWarnings("AnnotateFormatMethod") // that would be a dependency for one annotation
  public void report(Rule rule, Where where, long address, String format, Object... arguments) {
    if (isGuess(rule)) {
      guessed(rule, where.toString(), address, () -> format.formatted(arguments));
    } else if (isReported(rule)) {
      consumer.accept(new Finding(rule, where.toString(), address, format.formatted(arguments)));
    }
  }

  /** Reports a fault that a reader found. An absent structure breaks no rule. */
  public void report(Rule rule, HandoverException e) {
    if (e.isAbsent()) {
      absent(e);
    } else if (isGuess(rule)) {
      guessed(rule, e.path(), e.address(), e::problem);
    } else if (isReported(rule)) {
      consumer.accept(new Finding(rule, e.path(), e.address(), e.problem()));
    }
  }

  private boolean isReported(Rule rule) {
    bySeverity.merge(rule.severity(), 1L, Long::sum);
    return wanted.test(rule) && byRule.merge(rule.id(), 1L, Long::sum) <= perRule;
  }

  /** Returns the number of errors so far, wanted or not. */
  public long errors() {
    return bySeverity.getOrDefault(Severity.ERROR, 0L);
  }

  /** Counts structures by name. */
  public void count(String name, long count) {
    structures.merge(name, count, Long::sum);
  }

  /** Returns the number of structures of a name. */
  public long counted(String name) {
    return structures.getOrDefault(name, 0L);
  }

  /** Records a part that was not checked, with the reason. */
  public void notChecked(String sentence) {
    if (!notChecked.contains(sentence) && notChecked.size() < MOST_NOT_CHECKED) {
      notChecked.add(sentence);
    }
  }

  /** Records an absent structure, whose memory and pointers are not known. */
  public void absent(HandoverException structure) {
    absent(AbsentParts.Kind.STRUCTURE, structure.path(), structure.address(), 0);
    unknownOwner();
  }

  /** Records absent memory that a structure leads to. */
  public void absent(AbsentParts.Kind kind, String path, long address, long bytes) {
    AbsentParts.Sum sum =
        absentSums.merge(kind, new AbsentParts.Sum(1, bytes), AbsentParts.Sum::plus);
    if (sum.count() <= AbsentParts.MOST_PARTS) {
      absent.add(new AbsentParts.Part(kind, path, address, bytes));
    }
  }

  /** Returns the number of absent structures. */
  public long absentStructures() {
    AbsentParts.Sum sum = absentSums.get(AbsentParts.Kind.STRUCTURE);
    return sum == null ? 0 : sum.count();
  }

  /** Records an owner whose memory is not known here. */
  public void unknownOwner() {
    ownersKnown = false;
  }

  /** Records a broken structure, so that it is not known which memory it owns. */
  public void brokenOwner() {
    ownersBroken = true;
  }

  /** Returns whether a structure that may own memory is broken. */
  public boolean ownersBroken() {
    return ownersBroken;
  }

  /** Records a structure that could not be read, so that its memory is not known. */
  public void unread(String what, HandoverException e) {
    if (e.isAbsent()) {
      absent(e);
    } else {
      notChecked(what + ": " + e.getMessage());
      unknownOwner();
    }
  }

  /** Returns whether every structure that owns memory was read. */
  public boolean ownersKnown() {
    return ownersKnown;
  }

  /** Returns the counts of the structures and of the findings. */
  public Checked checked() {
    Map<String, Long> unreported = new TreeMap<>();
    byRule.forEach((id, count) -> {
      if (count > perRule) {
        unreported.put(id, count - perRule);
      }
    });
    return new Checked(
        structures, notChecked, new AbsentParts(absent, absentSums), bySeverity, unreported);
  }
}
