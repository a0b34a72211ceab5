package org.kho4j.cli.abi;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.abi.Structure;
import org.kho4j.cli.abi.reference.ContractJson;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Text;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho abi structures [NAME…]}. */
final class StructuresCommand extends Command {

  StructuresCommand() {
    super("structures", "Lists the structures, or shows every layout of some structures.");
    parameter(
        PositionalParamSpec.builder()
            .index("0..*")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("NAME")
            .description(
                "The kernel's name of the structure, such as kho_vmalloc_chunk; a part of the"
                    + " name is enough."));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    List<String> names = invocation.parameters(0);
    List<Structure> structures =
        names.isEmpty()
            ? all().toList()
            : names.stream().flatMap(name -> named(invocation, name)).distinct().toList();
    if (invocation.options().json()) {
      AbiCommand.json(invocation, ContractJson.structures(structures));
      return OK;
    }
    Text text = invocation.text();
    PageSize pageSize = AbiCommand.pageSize(invocation);
    if (names.isEmpty()) {
      text.put(list(structures, pageSize));
      return OK;
    }
    boolean first = true;
    for (Structure structure : structures) {
      text.put(first ? "" : "\n");
      AbiText.structure(text, structure, pageSize, AbiCommand.WIDTH);
      first = false;
    }
    return OK;
  }

  private static String list(List<Structure> structures, PageSize pageSize) {
    Columns columns = new Columns();
    columns.row("structure", "bytes", "releases", "versions");
    for (Structure structure : structures) {
      columns.row(
          structure.name(),
          Integer.toString(structure.size(pageSize)),
          structure.releases().toString(),
          Contract.VERSIONS.stream()
              .filter(version -> version.structures().contains(structure))
              .map(ContractVersion::id)
              .collect(Collectors.joining(" ")));
    }
    return columns.render(0, AbiCommand.WIDTH);
  }

  private static Stream<Structure> all() {
    return Contract.VERSIONS.stream().flatMap(version -> version.structures().stream()).distinct();
  }

  private static Stream<Structure> named(Invocation invocation, String name) {
    String part = name.toLowerCase(Locale.ROOT);
    return Stream.<Predicate<Structure>>of(
        structure -> structure.name().equals(name),
        structure -> structure.name().toLowerCase(Locale.ROOT).contains(part))
        .map(named -> all().filter(named).toList())
        .filter(found -> !found.isEmpty())
        .findFirst()
        .orElseThrow(() ->
            invocation.wrong(
                "there is no structure '" + name + "'; 'kho abi structures' lists them"))
        .stream();
  }
}
