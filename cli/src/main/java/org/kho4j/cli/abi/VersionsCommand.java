package org.kho4j.cli.abi;

import java.io.IOException;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.abi.Contract;
import org.kho4j.abi.ContractVersion;
import org.kho4j.cli.abi.reference.ContractJson;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Text;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho abi versions [VERSION…]}. */
final class VersionsCommand extends Command {

  VersionsCommand() {
    super("versions", "Lists the versions, or shows everything that belongs to some versions.");
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
            "A version string, such as kho-v3; the name of one of several layouts with that"
                + " string, such as kho-v1@6.18; or a component, such as memfd.");
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    List<ContractVersion> versions = versions(invocation);
    if (invocation.options().json()) {
      AbiCommand.json(invocation, ContractJson.versions(versions));
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
    return Stream.<Predicate<ContractVersion>>of(
        version -> version.id().equals(name),
        Contract.versionsOf(name)::contains,
        version -> version.component().label().equals(name))
        .map(named -> Contract.VERSIONS.stream().filter(named).toList())
        .filter(found -> !found.isEmpty())
        .findFirst()
        .orElseThrow(() ->
            invocation.wrong(
                "there is no version '%s'; the versions are %s".formatted(name, known())))
        .stream();
  }

  private static String known() {
    return Contract.VERSIONS.stream().map(ContractVersion::id).collect(Collectors.joining(", "));
  }
}
