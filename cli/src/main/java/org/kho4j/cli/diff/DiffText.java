package org.kho4j.cli.diff;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.cli.diff.Comparison.Change;
import org.kho4j.cli.diff.Comparison.Outcome;
import org.kho4j.cli.output.Problems;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Text.Style;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.wire.HandoverException;

/** A comparison as lines that begin with what became of a thing: {@code = ~ - + ?}. */
final class DiffText {

  private static final int DIGEST_SHOWN = 12;
  private static final int DIGEST_LENGTH = 64;

  private final Text out;
  private final boolean onlyChanges;

  DiffText(Text out, boolean onlyChanges) {
    this.out = out;
    this.onlyChanges = onlyChanges;
  }

  void show(DiffSide a, DiffSide b, Comparison comparison) throws IOException {
    side("A", a);
    side("B", b);
    out.line();
    changes(comparison.changes(), "");
    for (Comparison item : comparison.items()) {
      item(item, "");
    }
    problems("A", a);
    problems("B", b);
    if (!comparison.items().isEmpty()) {
      out.line();
    }
    List<String> counts = new ArrayList<>();
    for (Outcome outcome : Outcome.values()) {
      long count = comparison.count(outcome);
      if (count > 0) {
        counts.add(Units.count(count) + " " + outcome.label());
      }
    }
    out.line(String.join(", ", counts));
  }

  private void side(String letter, DiffSide side) throws IOException {
    out.put(Style.HEADING, letter).put(" ").name(side.path().toString()).put(": ");
    out.put(Units.printable(side.handover().root().compatible()))
        .put(", " + side.handover().role().label() + ", root FDT at ")
        .address(side.handover().root().address())
        .line();
  }

  private void item(Comparison comparison, String indent) throws IOException {
    Outcome outcome = comparison.outcome();
    if (onlyChanges && outcome == Outcome.SAME) {
      return;
    }
    out.put(indent).put(style(outcome), outcome.mark()).put(" ");
    Item item = comparison.item();
    out.put(kind(item.kind()));
    if (!item.name().isEmpty()) {
      out.put(" ").name(item.name());
    }
    if (outcome == Outcome.LOST || outcome == Outcome.ADDED) {
      out.put(Style.FAINT, facts(item.facts()));
    } else if (outcome == Outcome.UNKNOWN) {
      out.put(Style.FAINT, ": absent, unreadable, newer or too large, on one side or both");
    }
    out.line();
    changes(comparison.changes(), indent + "  ");
    for (Comparison part : comparison.items()) {
      item(part, indent + "  ");
    }
  }

  private static String kind(String kind) {
    return switch (kind) {
      case "map" -> "preserved map";
      case "reserveMem" -> "reserve_mem";
      default -> kind;
    };
  }

  private static String facts(List<Item.Fact> facts) {
    StringBuilder text = new StringBuilder();
    for (Item.Fact fact : facts) {
      text.append(text.isEmpty() ? ": " : ", ").append(fact.name()).append(' ');
      text.append(value(fact.value()));
    }
    return text.toString();
  }

  private void changes(List<Change> changes, String indent) throws IOException {
    for (Change change : changes) {
      out.put(indent)
          .put(Style.WARNING, "~")
          .put(" " + change.name() + " ")
          .put(Style.BAD, value(change.before()))
          .put(" → ")
          .put(Style.GOOD, value(change.after()))
          .line();
    }
  }

  private static String value(@Nullable Object value) {
    return switch (value) {
      case null -> "nothing";
      case Long number when number < 0 -> Long.toUnsignedString(number);
      case Long number -> Units.count(number);
      default -> {
        String text = Units.printable(value.toString());
        yield text.length() == DIGEST_LENGTH ? text.substring(0, DIGEST_SHOWN) + "…" : text;
      }
    };
  }

  private static Style style(Outcome outcome) {
    return switch (outcome) {
      case SAME -> Style.FAINT;
      case CHANGED, UNKNOWN -> Style.WARNING;
      case LOST -> Style.BAD;
      case ADDED -> Style.GOOD;
    };
  }

  private void problems(String letter, DiffSide side) throws IOException {
    problems(Style.BAD, "! " + letter, ": ", side.problems());
    problems(Style.WARNING, "? " + letter, " " + Item.Unknown.ABSENT + ": ", side.absent());
    problems(Style.WARNING, "? " + letter, " " + Item.Unknown.HOLES + ": ", side.uncompared());
  }

  private void problems(Style style, String mark, String kind, Problems problems)
      throws IOException {
    for (HandoverException problem : problems.first()) {
      out.put(style, mark).put(kind).put(Units.printable(problem)).line();
    }
    if (problems.more() > 0) {
      out.put(style, mark).put(kind).put("and " + Units.count(problems.more()) + " more").line();
    }
  }
}
