package org.kho4j.cli.preflight;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.preflight.image.Architecture;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.ClaimedLayouts;
import org.kho4j.preflight.profile.KernelConfig;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;

/** Shows the profile of one kernel. */
final class ProfileView {

  private ProfileView() {}

  static void text(Invocation invocation, Profile kernel, List<String> notes) throws IOException {
    Text text = invocation.text();
    text.name(kernel.source());
    kernel.release().ifPresent(release -> text.put(", Linux ").put(Units.printable(release)));
    if (kernel.architecture() != Architecture.UNKNOWN) {
      text.put(", ").put(kernel.architecture().label());
    }
    kernel.pageSize().ifPresent(size -> text.put(", pages of ").put(size.toString()));
    text.line();
    List<Part> parts = Stream.concat(Part.ALL.stream(), kernel.clients().stream()).toList();
    int widest = parts.stream().mapToInt(part -> part.name().length()).max().orElse(0);
    for (Part part : parts) {
      Support support = kernel.support(part);
      text.put("  ")
          .put(Text.Style.NAME, part.name())
          .put(" ".repeat(widest - part.name().length() + 2))
          .put(style(support), word(support))
          .put(Text.Style.FAINT, ": " + Units.printable(support.evidence()))
          .line();
    }
    Optional<KernelConfig> config = kernel.config();
    if (config.isPresent()) {
      text.line(
          config.get().khoByDefault() ? "KHO is on without kho=." : "KHO is off without kho=on.");
      config
          .get()
          .predicate()
          .ifPresent(predicate -> text.put("It " + Units.printable(predicate) + ".\n"));
    }
    text.line(types(kernel));
    for (String finding : new ClaimedLayouts(kernel).findings()) {
      text.put(Text.Style.WARNING, "finding").put(": ").line(Units.printable(finding));
    }
    for (String note : notes) {
      text.put(Text.Style.FAINT, "note").put(": ").line(Units.printable(note));
    }
  }

  private static String types(Profile kernel) {
    if (kernel.types().isEmpty()) {
      return "It has no types (BTF): its layouts cannot be compared.";
    }
    int count = kernel.types().get().size();
    return count == 0
        ? "It has types (BTF), but none of the contract's structures."
        : "Its types (BTF) have "
            + Units.count(count, "structure", "structures")
            + " of the contract.";
  }

  private static String word(Support support) {
    return switch (support.state()) {
      case YES -> Units.printable(support.text().orElse("yes"));
      case NO -> "no";
      case UNKNOWN -> "unknown";
    };
  }

  private static Text.Style style(Support support) {
    return switch (support.state()) {
      case YES -> Text.Style.GOOD;
      case NO -> Text.Style.BAD;
      case UNKNOWN -> Text.Style.WARNING;
    };
  }
}
