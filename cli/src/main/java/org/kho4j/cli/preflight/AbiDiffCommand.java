package org.kho4j.cli.preflight;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Schema;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.preflight.diff.AbiDiff;
import org.kho4j.preflight.diff.AbiDiff.PartChange;
import org.kho4j.preflight.diff.StaleProse;
import org.kho4j.preflight.outgoing.OutgoingKernel;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho abi diff A B}: finds changes of a kernel tree's contract without a new version. */
public final class AbiDiffCommand extends Command {

  public AbiDiffCommand() {
    super(
        "diff",
        "Compares the contract of two kernels: what changed, and was the version bumped?",
        "A and B are kernel images with types (BTF), profiles of such images, or running, the kernel"
            + " of this host.",
        "Exit status: 0 if no layout changed that a kernel could misread, or the version changed"
            + " as well; 1 if a layout changed or cannot be compared, and its version is the same"
            + " or unknown, or a kernel has no KHO; 2 if a kernel cannot be read or has no types, or"
            + " the page sizes differ.");
    opensNoImage("--root");
    kernel(0, "A", "The kernel before the change.");
    kernel(1, "B", "The kernel with the change.");
    option(
        OptionSpec.builder("--source")
            .type(Path.class)
            .paramLabel("DIR")
            .description(
                "B's source tree: warns if the comments of its headers mention another version"
                    + " than they define."));
  }

  private void kernel(int index, String label, String description) {
    parameter(
        PositionalParamSpec.builder()
            .index(Integer.toString(index))
            .arity("1")
            .required(true)
            .type(String.class)
            .paramLabel(label)
            .description(description));
  }

  @Override
  public int run(Invocation invocation) throws IOException {
    KernelSource kernels = new KernelSource(invocation);
    KernelSource.Pending pending = kernels.reading(name(invocation, 1));
    OutgoingKernel before = kernels.onlyKernel(name(invocation, 0));
    OutgoingKernel after = pending.get();
    Profile was = withTypes(before.profile());
    Profile is = withTypes(after.profile());
    Path source = invocation.value("--source", Path.class);
    List<String> stale = source == null ? List.of() : StaleProse.find(source);
    Optional<String> pageSizes = AbiDiff.pageSizes(was, is);
    if (pageSizes.isPresent()) {
      throw new IOException(pageSizes.get());
    }
    AbiDiff diff = AbiDiff.between(was, is);
    List<String> notes = Stream.concat(before.notes().stream(), after.notes().stream()).toList();
    if (invocation.options().json()) {
      json(invocation, diff, notes, stale);
    } else {
      text(invocation, diff, notes, stale);
      invocation.text().line(Units.printable(summary(diff, was, is)));
    }
    return diff.worst().isBreak() || !diff.isComparison() ? BAD_ANSWER : OK;
  }

  private static String name(Invocation invocation, int index) {
    return Objects.requireNonNull(invocation.parameter(index, String.class), "picocli wants it");
  }

  private static Profile withTypes(Profile kernel) throws IOException {
    if (kernel.types().isEmpty()) {
      throw new IOException(
          kernel.source()
              + ": has no types (BTF): build it with CONFIG_DEBUG_INFO_BTF=y to compare layouts");
    }
    return kernel;
  }

  private static void json(
      Invocation invocation, AbiDiff diff, List<String> notes, List<String> stale)
      throws IOException {
    try (Json json = invocation.json()) {
      json.document(Schema.ABI_DIFF)
          .flag("compared", diff.isComparison())
          .flag("forgotten", diff.worst() == AbiDiff.State.FORGOTTEN);
      json.array("parts");
      for (PartChange change : diff.parts()) {
        json.object()
            .text("name", change.part().name())
            .text("from", change.from().orElse(null))
            .text("to", change.to().orElse(null))
            .text("state", label(change.state()));
        json.textsIfAny("differences", change.differences());
        json.endObject();
      }
      json.endArray();
      json.textsIfAny("uncertain", diff.uncertain());
      json.textsIfAny("notes", notes);
      json.textsIfAny("stale", stale);
      json.endObject();
    }
  }

  private static void text(
      Invocation invocation, AbiDiff diff, List<String> notes, List<String> stale)
      throws IOException {
    Text text = invocation.text();
    for (String note : notes) {
      text.put(Text.Style.FAINT, "note").put(": ").line(Units.printable(note));
    }
    for (String one : diff.uncertain()) {
      text.put(Text.Style.FAINT, "note").put(": ").line(Units.printable(one));
    }
    for (PartChange change : diff.parts()) {
      if (change.state() == AbiDiff.State.SAME) {
        continue;
      }
      text.name(change.part().name()).put(": ").line(Units.printable(versions(change)));
      for (String difference : change.differences()) {
        text.put("  ").line(Units.printable(difference));
      }
      text.put("  ").put(style(change.state()), sentence(change)).line();
    }
    for (String one : stale) {
      text.put(Text.Style.WARNING, "warning").put(": ").line(Units.printable(one));
    }
  }

  private static String summary(AbiDiff diff, Profile was, Profile is) {
    if (!diff.isComparison()) {
      List<String> without =
          Stream.of(was, is)
              .filter(kernel -> kernel.support(Part.KHO).state() == Support.State.NO)
              .map(Profile::source)
              .distinct()
              .toList();
      return "Nothing was compared: no KHO in " + String.join(" and ", without) + ".";
    }
    return switch (diff.worst()) {
      case FORGOTTEN ->
          diff.parts().stream().anyMatch(AbiDiffCommand::hasNoVersion)
              ? "The layout changed, and no version covers the change."
              : "The layout changed, and the version was not bumped.";
      case REUSED -> "The layout changed, and the new version has another one in released kernels.";
      case UNKNOWN -> "The layout changed, and it is unknown whether the version was bumped.";
      case UNCOMPARED -> "Not every layout was compared, and no version is known to have changed.";
      case BUMPED -> "The layout changed, and the version was bumped.";
      case GONE -> "No common layout changed; only one kernel has " + gone(diff) + ".";
      case HARMLESS, SAME ->
          diff.uncertain().isEmpty()
              ? "No layout changed."
              : "No compared layout changed; the notes name what was not compared.";
    };
  }

  private static String gone(AbiDiff diff) {
    return diff.parts().stream()
        .filter(change -> change.state() == AbiDiff.State.GONE)
        .map(change -> change.part().name())
        .collect(Collectors.joining(", "));
  }

  private static String versions(PartChange change) {
    boolean gone = change.state() == AbiDiff.State.GONE;
    if (gone && change.from().isEmpty() && change.to().isEmpty()) {
      return "of an unknown version";
    }
    String absent = gone ? "none" : "an unknown version";
    String from = change.from().orElse(absent);
    String to = change.to().orElse(absent);
    return from.equals(to) ? from + " in both" : from + " became " + to;
  }

  private static boolean hasNoVersion(PartChange change) {
    return change.state() == AbiDiff.State.FORGOTTEN
        && (change.from().isEmpty() || !change.from().equals(change.to()));
  }

  private static String sentence(PartChange change) {
    return switch (change.state()) {
      case SAME -> "the same";
      case HARMLESS ->
          change.differences().isEmpty()
              ? "only the version changed"
              : "no byte moved: check that the bytes still mean the same";
      case BUMPED -> "the version changed as well";
      case UNCOMPARED -> "no version is known to have changed: compare the sources";
      case UNKNOWN -> "it is unknown whether the version changed";
      case FORGOTTEN ->
          (hasNoVersion(change) ? "NO VERSION COVERS THIS" : "THE SAME VERSION")
              + ": the next kernel would read these bytes as something else";
      case REUSED ->
          "A RELEASED VERSION: kernels that have it would read these bytes as something else";
      case GONE -> "one of the kernels does not have it";
    };
  }

  private static Text.Style style(AbiDiff.State state) {
    return state.isBreak() ? Text.Style.BAD : Text.Style.GOOD;
  }

  private static String label(AbiDiff.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
