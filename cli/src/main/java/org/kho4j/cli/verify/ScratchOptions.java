package org.kho4j.cli.verify;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.handover.Handover;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.HandoverException;
import org.kho4j.verify.Scratch;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.Rule;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/** Options for facts about the machine that no structure of a handover records. */
public final class ScratchOptions {

  private ScratchOptions() {}

  /** Those that verification takes. */
  public static List<OptionSpec.Builder> all() {
    return Stream.concat(regions().stream(), Stream.of(nodes())).toList();
  }

  /** Those that lead to the scratch regions. */
  public static List<OptionSpec.Builder> regions() {
    return List.of(
        OptionSpec.builder("--setup-data")
            .type(Long.class)
            .converters(Numbers::parse)
            .paramLabel("ADDR")
            .description(
                "Physical address of the boot record on x86-64, which has the address of the"
                    + " scratch array. Default: searched."),
        OptionSpec.builder("--scratch-array")
            .type(AddressRange.class)
            .converters(ScratchOptions::rangeOf)
            .paramLabel("ADDR,SIZE")
            .description("Physical address and size of the scratch array."));
  }

  private static OptionSpec.Builder nodes() {
    return OptionSpec.builder("--nodes")
        .type(List.class)
        .auxiliaryTypes(Long.class)
        .splitRegex(",")
        .converters(Numbers::parse)
        .paramLabel("ADDR,…")
        .hideParamSyntax(true)
        .description(
            "Physical addresses at which another NUMA node begins. Default: from the ACPI table"
                + " SRAT in the image.");
  }

  /**
   * Returns the options of a verification, with the user's description of the machine.
   *
   * @param rules that are reported
   * @param perRule findings of one rule that are reported
   */
  public static Verifier.Options verifying(
      Invocation invocation, Predicate<Rule> rules, int perRule) {
    return new Verifier.Options(
        rules,
        perRule,
        setupData(invocation),
        array(invocation).or(invocation::runningScratchArray),
        nodes(invocation),
        invocation.readsRunning());
  }

  /**
   * Returns the reason why the options lead to no regions, for a handover whose regions can be
   * read.
   */
  public static Optional<HandoverException> problem(Handover handover, Verifier.Options options) {
    boolean isGiven = options.setupData().isPresent() || options.scratchArray().isPresent();
    return isGiven && handover.taken().isEmpty() && !handover.isNewer()
        ? Scratch.problem(handover, options)
            .map(found -> new HandoverException(found.path(), found.address(), found.message()))
        : Optional.empty();
  }

  /** Returns the address of the boot record, if the user gave it. */
  private static OptionalLong setupData(Invocation invocation) {
    Long address = invocation.value("--setup-data", Long.class);
    return address == null ? OptionalLong.empty() : OptionalLong.of(address);
  }

  /** Returns the range of the scratch array, if the user gave it. */
  private static Optional<AddressRange> array(Invocation invocation) {
    return Optional.ofNullable(invocation.value("--scratch-array", AddressRange.class));
  }

  /** Returns the addresses at which NUMA nodes begin, if the user gave them. */
  private static List<Long> nodes(Invocation invocation) {
    List<?> nodes = invocation.value("--nodes", List.class);
    return nodes == null ? List.of() : nodes.stream().map(Long.class::cast).toList();
  }

  /** Returns whether either option is given. */
  public static boolean isGiven(Invocation invocation) {
    return setupData(invocation).isPresent() || array(invocation).isPresent();
  }

  private static AddressRange rangeOf(String text) {
    int comma = text.indexOf(',');
    if (comma < 0) {
      throw new TypeConversionException("'" + text + "' is not ADDR,SIZE");
    }
    try {
      return new AddressRange(
          Numbers.parse(text.substring(0, comma)), Numbers.parse(text.substring(comma + 1)));
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'" + text + "' is not a range of memory");
    }
  }
}
