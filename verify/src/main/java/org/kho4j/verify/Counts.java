package org.kho4j.verify;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.kho4j.handover.wire.HandoverException;

/** Counts the checked structures by name, and collects the unchecked parts. */
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

  /** Records an absent structure, whose memory and pointers are not known. */
  void absent(HandoverException structure) {
    absent(AbsentParts.Kind.STRUCTURE, structure.path(), structure.address(), 0);
    unknownOwner();
  }

  /** Records absent memory that a structure leads to. */
  void absent(AbsentParts.Kind kind, String path, long address, long bytes) {
    if (absent.size() < AbsentParts.MOST_PARTS) {
      absent.add(new AbsentParts.Part(kind, path, address, bytes));
    }
    absentSums.merge(kind, new AbsentParts.Sum(1, bytes), AbsentParts.Sum::plus);
  }

  /** Returns the number of absent structures. */
  long absentStructures() {
    AbsentParts.Sum sum = absentSums.get(AbsentParts.Kind.STRUCTURE);
    return sum == null ? 0 : sum.count();
  }

  /** Records an owner whose memory is not known here. */
  void unknownOwner() {
    ownersKnown = false;
  }

  /** Records a structure that could not be read, so that its memory is not known. */
  void unread(String sentence) {
    notChecked(sentence);
    unknownOwner();
  }

  /** Returns whether every structure that owns memory was read. */
  boolean ownersKnown() {
    return ownersKnown;
  }

  Checked checked(Map<Severity, Long> findings, Map<String, Long> unreported) {
    return new Checked(
        counts, notChecked, new AbsentParts(absent, absentSums), findings, unreported);
  }
}
