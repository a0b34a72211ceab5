package org.kho4j.cli.abi;

import java.io.IOException;
import org.kho4j.abi.ContractVersion;
import org.kho4j.abi.Fingerprint;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import picocli.CommandLine.Model.OptionSpec;

/** {@code kho abi fingerprints [--canonical] [VERSION…]}. */
final class FingerprintsCommand extends Command {

  FingerprintsCommand() {
    super(
        "fingerprints",
        "Prints each version's layout fingerprint, in the format of sha256sum.",
        "A fingerprint is the SHA-256 of a version's canonical text: its names, offsets, sizes and meanings. Equal"
            + " fingerprints mean equal layouts. With --canonical and one VERSION, piping the text into sha256sum gives"
            + " the fingerprint.");
    option(
        OptionSpec.builder("--canonical")
            .type(boolean.class)
            .arity("0")
            .description("Prints the canonical text instead."));
    parameter(VersionsCommand.versionParameter());
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    Text text = invocation.text();
    if (invocation.options().json()) {
      try (Json json = invocation.json()) {
        json.document(Schema.FINGERPRINTS).object("fingerprints");
        for (ContractVersion version : VersionsCommand.versions(invocation)) {
          json.text(version.id(), version.fingerprint().sha256());
        }
        json.endObject().endObject();
      }
      return OK;
    }
    for (ContractVersion version : VersionsCommand.versions(invocation)) {
      if (invocation.flag("--canonical")) {
        text.put(Fingerprint.canonicalText(version));
      } else {
        text.line(version.fingerprint().sha256() + "  " + version.id());
      }
    }
    return OK;
  }
}
