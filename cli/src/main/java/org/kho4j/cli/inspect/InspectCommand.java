package org.kho4j.cli.inspect;

import java.io.IOException;
import java.util.List;
import org.kho4j.abi.PageSize;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.command.SourceCommand;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.verify.ScratchOptions;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Verifier;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho inspect SOURCE}. */
public final class InspectCommand extends SourceCommand {

  private static final int LISTED_BY_DEFAULT = 40;
  private static final int RADIX_RUNS_BY_DEFAULT = 1000;

  public InspectCommand() {
    super(
        "inspect",
        "Finds the handovers in a memory image and shows each as a tree.",
        "Searches the image for root FDTs (the page where a handover begins), unless --fdt gives"
            + " the address of a readable one. Shows the preserved map and every known subtree,"
            + " decoded. Reports a broken part with its address, and still shows the rest.",
        "Exit status: 0 if a handover was read, 1 if a preserved map is damaged, cannot be read, or"
            + " has a newer version than kho4j knows, 2 if there is no readable handover.");
    example("kho inspect examples/linux-7.3.4-jump-kho-test.ram.zst");
    example("kho inspect arm64.ram --base 1G --json");
    example("kho inspect vmcore --ranges --role outgoing");
    example("kho inspect running");
    option(
        OptionSpec.builder("--all")
            .type(boolean.class)
            .arity("0")
            .description(
                "Lists every session, file and range. Default: the first "
                    + LISTED_BY_DEFAULT
                    + " sessions and files and 1,000 ranges. JSON always has all."));
    option(
        OptionSpec.builder("--ranges")
            .type(boolean.class)
            .arity("0")
            .description("Lists preserved memory with its owners, by address."));
    option(
        OptionSpec.builder("--radix")
            .type(Long.class)
            .converters(Numbers::parse)
            .paramLabel("ADDR")
            .description("Shows only the radix tree whose root node is at this address."));
    option(HandoverSearch.roleOption());
    ScratchOptions.regions().forEach(this::option);
  }

  @Override
  protected int run(Invocation invocation, PhysicalMemory memory) throws IOException {
    HandoverSearch search = HandoverSearch.in(invocation, memory).ofWantedRole(invocation);
    Long radix = invocation.value("--radix", Long.class);
    if (radix != null) {
      return RadixTreeView.show(
          invocation,
          search.choose(HandoverSearch.role(invocation), "--fdt"),
          radix,
          invocation.flag("--all") ? Long.MAX_VALUE : RADIX_RUNS_BY_DEFAULT);
    }
    List<Handover> handovers = search.handovers();
    int pageSize =
        handovers.isEmpty()
            ? memory.source().pageSize().orElse(PageSize.SIZE_4K.bytes())
            : handovers.getFirst().pageSize().bytes();
    Verifier.Options options = ScratchOptions.verifying(invocation, rule -> false, 0);
    boolean ranges = invocation.flag("--ranges");
    boolean anythingRead = false;
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        anythingRead = show(memory, handovers, pageSize, options, ranges, new JsonView(json));
      }
    } else if (!handovers.isEmpty()) {
      int listed = invocation.flag("--all") ? Integer.MAX_VALUE : LISTED_BY_DEFAULT;
      anythingRead =
          show(
              memory,
              handovers,
              pageSize,
              options,
              ranges,
              new TreeView(invocation.text(), listed));
    }
    search.noteRejected(invocation);
    if (handovers.isEmpty()) {
      invocation.note(search.nothingFound());
    }
    if (!anythingRead) {
      return Command.FAILED;
    }
    boolean unreadable =
        handovers.stream().anyMatch(one -> one.mapFault().isPresent() || one.isNewer());
    return unreadable ? Command.BAD_ANSWER : Command.OK;
  }

  static boolean show(
      PhysicalMemory memory,
      List<Handover> handovers,
      int pageSize,
      Verifier.Options options,
      boolean ranges,
      View view)
      throws IOException {
    view.begin(memory.source(), pageSize);
    boolean anythingRead = false;
    for (Handover handover : handovers) {
      anythingRead |= Inspection.show(handover, options, ranges, view);
    }
    view.end();
    return anythingRead;
  }

  /** Shows the handover of one root FDT as the tree that this command shows. */
  public static void show(PhysicalMemory memory, long fdt, PageSize pageSize, Text text)
      throws IOException {
    RootFdt root = RootSearch.at(memory, fdt);
    Handover handover = Handovers.of(memory, List.of(root), pageSize).getFirst();
    Inspection.show(handover, Verifier.Options.ALL, new TreeView(text, LISTED_BY_DEFAULT));
  }
}
