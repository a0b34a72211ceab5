package org.kho4j.cli.structure;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.HandoverSearch;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.cli.command.SourceCommand;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.verify.ScratchOptions;
import org.kho4j.handover.Handover;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.verify.Verifier;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.TypeConversionException;

/** {@code kho who SOURCE ADDR…}. */
public final class WhoCommand extends SourceCommand {

  private static final int MOST_ADDRESSES = 4096;

  public WhoCommand() {
    super(
        "who",
        "Names the owner of a physical address: structure, field, file and offset.",
        "For each address, prints whether it is RAM, and whether the image has it. For each"
            + " handover, prints the preserved block around the address, and its owner: a"
            + " structure with the field, the content of a memfd with the offset in the file, a"
            + " vmalloc area or chunk, a reservation, a page of the map, a blob, or scratch. A"
            + " consumed handover has no owners.",
        "Exit status: 0 if there is a handover, even if the address has no owner, 2 if there is none.");
    example("kho who vmcore 0x7700123");
    example("kho who vmcore 0x778050 0x18e1000 --json");
    parameter(
        PositionalParamSpec.builder()
            .index("1..*")
            .arity("1..*")
            .required(true)
            .type(List.class)
            .auxiliaryTypes(Long.class)
            .converters(Numbers::parse)
            .paramLabel("ADDR")
            .description("Physical addresses."));
    option(HandoverSearch.roleOption());
    ScratchOptions.regions().forEach(this::option);
  }

  @Override
  protected int run(Invocation invocation, PhysicalMemory memory) throws IOException {
    Set<Long> addresses = addresses(invocation);
    HandoverSearch search =
        HandoverSearch.withBootRecords(invocation, memory).ofWantedRole(invocation);
    Verifier.Options options = ScratchOptions.verifying(invocation, rule -> false, 0);
    Map<Handover, Collection<OwnedAddress>> found = new LinkedHashMap<>();
    for (Handover handover : search.handovers()) {
      found.put(handover, AddressQuery.of(handover, options, addresses));
      ScratchOptions.problem(handover, options)
          .ifPresent(problem -> invocation.note(problem.getMessage()));
    }
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        new WhoJson(json).show(memory, addresses, found);
      }
    } else {
      new WhoText(invocation.text()).show(memory, addresses, found);
    }
    search.noteRejected(invocation);
    if (found.isEmpty()) {
      invocation.note(search.nothingFound());
      return Command.FAILED;
    }
    return Command.OK;
  }

  private static Set<Long> addresses(Invocation invocation) {
    List<String> words = invocation.parameters(1);
    if (words.size() > MOST_ADDRESSES) {
      throw invocation.wrong("at most " + MOST_ADDRESSES + " addresses can be given at once");
    }
    Set<Long> addresses = new LinkedHashSet<>();
    List<String> wrong = new ArrayList<>();
    for (String word : words) {
      try {
        addresses.add(Numbers.parse(word));
      } catch (TypeConversionException e) {
        wrong.add(e.getMessage());
      }
    }
    if (!wrong.isEmpty()) {
      throw invocation.wrong(wrong.getFirst());
    }
    return addresses;
  }
}
