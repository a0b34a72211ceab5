package org.kho4j.cli.inspect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Predicate;
import org.kho4j.abi.KhoRadix;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.handover.Handover;
import org.kho4j.handover.map.MapSummary;
import org.kho4j.handover.map.PreservedMap;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.handover.wire.RunVisitor;

/** A radix tree that the root FDT does not lead to: a client's own, or the map again. */
final class RadixTreeView {

  private final Handover handover;
  private final PageSize pageSize;
  private final PreservedMap tree;
  private final String path;
  private final MapSummary summary;
  private final List<HandoverException> errors;
  private final List<HandoverException> absent;
  private long runs;

  private RadixTreeView(Handover handover, long root, MapForm form) {
    this.handover = handover;
    this.pageSize = handover.pageSize();
    this.tree = PreservedMap.of(handover.memory(), root, form);
    this.path = "/radix " + Units.address(root);
    this.summary = tree.summary();
    this.errors = problems(problem -> !problem.isAbsent());
    this.absent = problems(HandoverException::isAbsent);
  }

  private List<HandoverException> problems(Predicate<HandoverException> which) {
    return summary.problems().stream().filter(which).map(this::here).toList();
  }

  /** The reader of trees names the preserved map, which this one need not be. */
  private HandoverException here(HandoverException problem) {
    return new HandoverException(
        problem.path().replace(PreservedMap.PATH.toString(), path),
        problem.address(),
        problem.problem());
  }

  /**
   * Shows the tree at an address, with the page size and the levels of a handover.
   *
   * @param listed how many runs are listed as text
   * @return {@link Command#OK}, or {@link Command#BAD_ANSWER} if the tree is broken
   * @throws IOException if the handover is of a version without radix trees
   */
  static int show(Invocation invocation, Handover handover, long root, long listed)
      throws IOException {
    if (root == 0) {
      throw invocation.wrong("--radix 0: a root node at 0 is the kernel's sign for no tree");
    }
    MapForm form = handover.version().mapForms().getFirst();
    if (!form.isRadix()) {
      throw new IOException(
          "%s: %s has no radix trees"
              .formatted(
                  handover.memory().physical().source().path(), handover.version().compatible()));
    }
    MapForm found = handover.hasMap() ? handover.mapEvidence().form() : form;
    RadixTreeView view = new RadixTreeView(handover, root, found);
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        view.json(json);
      }
    } else {
      view.text(invocation.text(), listed);
    }
    return view.errors.isEmpty() ? Command.OK : Command.BAD_ANSWER;
  }

  /** Visits the runs before the first broken or absent place, which the summary has reported. */
  private void runs(RunVisitor visitor) {
    try {
      tree.forEachRun(visitor);
    } catch (HandoverException e) {
      // It is among the problems.
    }
  }

  private void text(Text out, long listed) throws IOException {
    out.put(Text.Style.HEADING, "radix tree")
        .put(" at ")
        .address(tree.root())
        .put(": ")
        .count(summary.blocks().total(), "key", "keys")
        .put(" in ")
        .count(summary.nodes(), "node", "nodes")
        .put(" of " + tree.form().depth(pageSize) + " levels; as blocks ")
        .size(summary.blocks().bytes())
        .line();
    runs((order, address, bytes) -> {
      if (runs++ < listed) {
        line(out, order, address, bytes);
      }
    });
    if (runs > listed) {
      out.line("  and " + Units.count(runs - listed, "more run", "more runs") + ": --all");
    }
    for (HandoverException error : errors) {
      out.put(Text.Style.BAD, "error ").put(Units.printable(error)).line();
    }
    for (HandoverException part : absent) {
      out.put(Text.Style.WARNING, "not in the dump ").put(Units.printable(part)).line();
    }
    if (!errors.isEmpty() || !absent.isEmpty()) {
      out.line("The runs end at the first part that cannot be read; the counts are of all others.");
    }
  }

  private void line(Text out, int order, long address, long bytes) {
    try {
      out.put("  key %-18s ".formatted(Units.address(KhoRadix.key(pageSize, address, order))))
          .put("%9s".formatted("× " + Units.count(keys(order, bytes))))
          .put("  order %-2d  ".formatted(order))
          .address(address)
          .put("-")
          .address(address + bytes - 1)
          .line();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long keys(int order, long bytes) {
    return bytes / pageSize.blockBytes(order);
  }

  private void json(Json json) {
    json.document(Schema.RADIX)
        .text("source", handover.memory().physical().source().path().toString());
    json.object("handover")
        .address("fdt", handover.root().address())
        .text("role", handover.role().label())
        .endObject();
    json.address("root", tree.root())
        .number("levels", tree.form().depth(pageSize))
        .number("nodes", summary.nodes())
        .number("keys", summary.blocks().total())
        .number("bytes", summary.blocks().bytes())
        .array("runs");
    runs((order, address, bytes) ->
        json.object()
            .address("key", KhoRadix.key(pageSize, address, order))
            .number("keys", keys(order, bytes))
            .number("order", order)
            .address("address", address)
            .number("bytes", bytes)
            .endObject());
    json.endArray().problems("errors", errors);
    if (!absent.isEmpty()) {
      json.problems("absent", absent);
    }
    json.endObject();
  }
}
