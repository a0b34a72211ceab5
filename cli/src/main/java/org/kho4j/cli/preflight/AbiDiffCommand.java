package org.kho4j.cli.preflight;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.kho4j.cli.command.Command;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.Json;
import org.kho4j.cli.output.Text;
import org.kho4j.cli.output.Units;
import org.kho4j.preflight.AbiDiff;
import org.kho4j.preflight.AbiDiff.PartChange;
import org.kho4j.preflight.Profile;
import org.kho4j.preflight.StaleProse;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** {@code kho abi diff A B}: the guard of a kernel tree's contract. */
public final class AbiDiffCommand extends Command {

  public AbiDiffCommand() {
    super(
        "diff",
        "Compares the contract of two kernels: what changed, and was the version bumped?",
        "A and B are kernel images with types (BTF), or profiles of such.",
        "Exit status: 0 if nothing changed that a kernel could read wrongly, or a version tells of it; 1 if a layout"
            + " changed and no version is known to tell of it; 2 if a kernel cannot be read, or carries no types.");
    kernel(0, "A", "The kernel before the change.");
    kernel(1, "B", "The kernel with the change.");
    option(
        OptionSpec.builder("--source")
            .type(Path.class)
            .paramLabel("DIR")
            .description(
                "B's source tree: warns where the text of its headers names another version than they define."));
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
    Profile was = withTypes(kernels.kernel(name(invocation, 0)));
    Profile is = withTypes(pending.get());
    Path source = invocation.value("--source", Path.class);
    List<String> stale = source == null ? List.of() : StaleProse.find(source);
    AbiDiff diff = AbiDiff.between(was, is);
    if (invocation.options().json()) {
      json(invocation, diff, stale);
    } else {
      text(invocation, diff, stale);
    }
    return diff.worst().isBreak() ? BAD_ANSWER : OK;
  }

  private static String name(Invocation invocation, int index) {
    return Objects.requireNonNull(invocation.parameter(index, String.class), "picocli wants it");
  }

  private static Profile withTypes(Profile kernel) throws IOException {
    if (kernel.types().isEmpty()) {
      throw new IOException(
          kernel.source()
              + ": carries no types (BTF): build it with CONFIG_DEBUG_INFO_BTF=y to compare layouts");
    }
    return kernel;
  }

  private static void json(Invocation invocation, AbiDiff diff, List<String> stale)
      throws IOException {
    try (Json json = invocation.json()) {
      json.object()
          .text("schema", "kho4j/abi-diff/1")
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
      json.textsIfAny("stale", stale);
      json.endObject();
    }
  }

  private static void text(Invocation invocation, AbiDiff diff, List<String> stale)
      throws IOException {
    Text text = invocation.text();
    for (PartChange change : diff.parts()) {
      if (change.state() == AbiDiff.State.SAME) {
        continue;
      }
      text.name(change.part().name()).put(": ").line(Units.printable(versions(change)));
      for (String difference : change.differences()) {
        text.put("  ").line(Units.printable(difference));
      }
      text.put("  ").put(style(change.state()), sentence(change.state())).line();
    }
    for (String one : diff.uncertain()) {
      text.put(Text.Style.FAINT, "note").put(": ").line(Units.printable(one));
    }
    for (String one : stale) {
      text.put(Text.Style.WARNING, "warning").put(": ").line(Units.printable(one));
    }
    text.line(summary(diff.worst()));
  }

  private static String summary(AbiDiff.State worst) {
    return switch (worst) {
      case FORGOTTEN -> "The layout changed, and the version was not bumped.";
      case UNKNOWN -> "The layout changed, and whether the version was bumped is not known.";
      case BUMPED -> "The layout changed, and the version was bumped.";
      case GONE, HARMLESS, SAME -> "No layout changed.";
    };
  }

  private static String versions(PartChange change) {
    String from = change.from().orElse("none");
    String to = change.to().orElse("none");
    return from.equals(to) ? from + " in both" : from + " became " + to;
  }

  private static String sentence(AbiDiff.State state) {
    return switch (state) {
      case SAME -> "the same";
      case HARMLESS -> "no byte is read as something else";
      case BUMPED -> "the version tells";
      case UNKNOWN -> "whether a version tells is not known: BTF alone has no strings";
      case FORGOTTEN ->
          "NO VERSION TELLS: the next kernel would read these bytes as something else";
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
