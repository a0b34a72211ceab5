package org.kho4j.cli.inspect;

import java.io.IOException;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.verify.PreservedRange;

/** Preserved memory by its owners: a line for each range, and a sum. */
final class RangeText {

  /** Ranges that are listed for each session or file in the tree. */
  private static final int RANGES_FOR_EACH = 25;

  private final Text out;
  private final long listed;
  private long ranges;
  private long bytes;
  private long unowned;

  /**
   * The ranges of one handover after the other.
   *
   * @param listed how many sessions the tree lists; 25 times as many ranges are listed
   */
  RangeText(Text out, int listed) {
    this.out = out;
    this.listed = (long) RANGES_FOR_EACH * listed;
  }

  void begin() throws IOException {
    ranges = 0;
    bytes = 0;
    unowned = 0;
    out.line("preserved memory by owner:");
  }

  void range(PreservedRange range) throws IOException {
    ranges++;
    bytes += range.bytes();
    PreservedRange.Owner owner = range.owner();
    unowned += owner == null ? range.bytes() : 0;
    if (ranges > listed) {
      return;
    }
    String end = Units.address(range.address() + range.bytes() - 1);
    out.put("  ")
        .put(Text.Style.ADDRESS, "%-25s".formatted(Units.address(range.address()) + "-" + end))
        .put(" %9s  order %-2d  ".formatted(Units.size(range.bytes()), range.order()));
    if (owner == null) {
      out.put(Text.Style.WARNING, "nobody");
    } else {
      out.put(owner.kind().words() + " ")
          .put(Text.Style.NAME, Units.printablePath(owner.where().toString()));
    }
    if (range.shared()) {
      out.put(", ").put(Text.Style.BAD, "and others");
    }
    out.line();
  }

  void end() throws IOException {
    if (ranges > listed) {
      out.line("  and " + Units.count(ranges - listed, "more range", "more ranges") + ": --all");
    }
    out.put("  in all ").size(bytes);
    if (unowned > 0) {
      out.put(", ")
          .put(Text.Style.WARNING, Units.size(unowned) + " of nobody")
          .put(": it may have an owner that is unknown, or not in the dump");
    }
    out.line();
  }
}
