package org.kho4j.cli.abi;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.cli.abi.reference.ContractJson;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Text;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho abi versions [VERSION…]}. */
final class VersionsCommand extends Command {

  VersionsCommand() {
    super("versions", "Lists the versions, or shows all that belongs to some.");
    parameter(versionParameter());
  }

  static PositionalParamSpec.Builder versionParameter() {
    return PositionalParamSpec.builder()
        .index("0..*")
        .arity("0..*")
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel("VERSION")
        .description(
            "A version's string, as kho-v3; the name of one layout, where several go by that string, as kho-v1@6.18; or"
                + " a component, as memfd.");
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    List<ContractVersion> versions = versions(invocation);
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        ContractJson.write(json.generator(), ContractJson.versions(versions));
      }
      return OK;
    }
    Text text = invocation.text();
    if (invocation.parameters(0).isEmpty()) {
      AbiText.overview(text, AbiCommand.WIDTH);
      return OK;
    }
    boolean first = true;
    for (ContractVersion version : versions) {
      text.put(first ? "" : "\n");
      AbiText.version(text, version, AbiCommand.pageSize(invocation), AbiCommand.WIDTH);
      first = false;
    }
    return OK;
  }

  /** The versions that the user named, or all. */
  static List<ContractVersion> versions(Invocation invocation) {
    List<String> names = invocation.parameters(0);
    return names.isEmpty()
        ? Contract.VERSIONS
        : names.stream().flatMap(name -> named(invocation, name)).distinct().toList();
  }

  private static Stream<ContractVersion> named(Invocation invocation, String name) {
    List<ContractVersion> found =
        Contract.VERSIONS.stream()
            .filter(version -> version.id().equals(name))
            .collect(Collectors.toCollection(ArrayList::new));
    if (found.isEmpty()) {
      found.addAll(Contract.versionsOf(name));
    }
    if (found.isEmpty()) {
      Contract.VERSIONS.stream()
          .filter(version -> version.component().label().equals(name))
          .forEach(found::add);
    }
    if (found.isEmpty()) {
      String known =
          Contract.VERSIONS.stream().map(ContractVersion::id).collect(Collectors.joining(", "));
      throw invocation.wrong("there is no version '" + name + "'; there are " + known);
    }
    return found.stream();
  }
}
