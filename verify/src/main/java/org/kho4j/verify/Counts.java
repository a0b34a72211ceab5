package org.kho4j.verify;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kho4j.handover.wire.HandoverException;

/** Counts of what was looked at, by name; and what was not looked at. */
final class Counts {

  private final Map<String, Long> counts = new LinkedHashMap<>();
  private final List<String> notChecked = new ArrayList<>();
  private final List<AbsentParts.Part> absent = new ArrayList<>();
  private final Map<AbsentParts.Kind, AbsentParts.Sum> absentSums =
      new EnumMap<>(AbsentParts.Kind.class);
  private boolean ownersKnown = true;

  void add(String name, long count) {
    counts.merge(name, count, Long::sum);
  }

  long get(String name) {
    return counts.getOrDefault(name, 0L);
  }

  void notChecked(String sentence) {
    if (!notChecked.contains(sentence) && notChecked.size() < 100) {
      notChecked.add(sentence);
    }
  }

  /** A structure is absent, and with it what it owns and leads to. */
  void absent(HandoverException structure) {
    absent(AbsentParts.Kind.STRUCTURE, structure.path(), structure.address(), 0);
    unknownOwner();
  }

  /** Memory that a structure leads to is absent. */
  void absent(AbsentParts.Kind kind, String path, long address, long bytes) {
    if (absent.size() < AbsentParts.MOST_PARTS) {
      absent.add(new AbsentParts.Part(kind, path, address, bytes));
    }
    absentSums.merge(kind, new AbsentParts.Sum(1, bytes), AbsentParts.Sum::plus);
  }

  /** Structures that are absent. */
  long absentStructures() {
    AbsentParts.Sum sum = absentSums.get(AbsentParts.Kind.STRUCTURE);
    return sum == null ? 0 : sum.count();
  }

  /** Something owns memory, and what it owns is not known here. */
  void unknownOwner() {
    ownersKnown = false;
  }

  /** Memory of a structure could not be read, so that what it owns is not known. */
  void unread(String sentence) {
    notChecked(sentence);
    unknownOwner();
  }

  /** Whether every structure that owns memory was read. */
  boolean ownersKnown() {
    return ownersKnown;
  }

  Checked checked(Map<Severity, Long> findings, Map<String, Long> unreported) {
    return new Checked(
        counts, notChecked, new AbsentParts(absent, absentSums), findings, unreported);
  }
}
