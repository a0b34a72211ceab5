package org.kho4j.cli.verify;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.command.Numbers;
import org.kho4j.handover.pages.AddressRange;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/** Options for facts about the machine that no structure of a handover records. */
public final class ScratchOptions {

  private ScratchOptions() {}

  /** For a command that takes them. */
  public static List<OptionSpec.Builder> all() {
    return List.of(
        OptionSpec.builder("--setup-data")
            .type(Long.class)
            .converters(Numbers::parse)
            .paramLabel("ADDR")
            .description("Physical address of x86-64's boot record, which tells where scratch is."),
        OptionSpec.builder("--scratch-array")
            .type(AddressRange.class)
            .converters(ScratchOptions::rangeOf)
            .paramLabel("ADDR,SIZE")
            .description("Physical address and bytes of the scratch array."),
        OptionSpec.builder("--nodes")
            .type(List.class)
            .auxiliaryTypes(Long.class)
            .splitRegex(",")
            .converters(Numbers::parse)
            .paramLabel("ADDR,…")
            .description(
                "Physical addresses at which another NUMA node begins. Default: by the ACPI table"
                    + " SRAT in the image."));
  }

  /** Where the boot record is, if the user says so. */
  public static OptionalLong setupData(Invocation invocation) {
    Long address = invocation.value("--setup-data", Long.class);
    return address == null ? OptionalLong.empty() : OptionalLong.of(address);
  }

  /** Where the array is, if the user says so. */
  public static Optional<AddressRange> array(Invocation invocation) {
    return Optional.ofNullable(invocation.value("--scratch-array", AddressRange.class));
  }

  /** Where NUMA nodes begin, if the user says so. */
  public static List<Long> nodes(Invocation invocation) {
    List<?> nodes = invocation.value("--nodes", List.class);
    return nodes == null ? List.of() : nodes.stream().map(Long.class::cast).toList();
  }

  /** Whether either option is given. */
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
