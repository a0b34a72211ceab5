package org.kho4j.cli.command;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.PageSize;
import org.kho4j.linux.LinuxFileHoles;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.OpenOptions;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/**
 * The options that every command takes, before its name or after it; the last one given counts.
 *
 * @param json machine output
 * @param fdt physical address of the root FDT, if the user knows it
 * @param pageSize page size of the kernel, if the user knows it
 * @param base physical address of a raw file's first byte
 * @param format form of the memory image, or null to find it by content
 * @param noColor no colours, even on a terminal
 * @param debug stack traces
 */
public record GlobalOptions(
    boolean json,
    OptionalLong fdt,
    Optional<PageSize> pageSize,
    long base,
    MemorySource.@Nullable Kind format,
    boolean noColor,
    boolean debug) {

  /** Smaller files are searched sooner than the system calls for their holes are linked. */
  private static final long LARGE_FILE = 1L << 30;

  /** Adds the options to a command, under a heading of their own. */
  static void addTo(CommandSpec spec) {
    spec.addArgGroup(
        ArgGroupSpec.builder()
            .heading("%nOptions of every command:%n")
            .validate(false)
            .order(100)
            .addArg(flag("--json", "Writes JSON."))
            .addArg(
                OptionSpec.builder("--fdt")
                    .type(Long.class)
                    .converters(Numbers::parse)
                    .paramLabel("ADDR")
                    .description("Takes the root FDT at this physical address, does not search.")
                    .build())
            .addArg(
                OptionSpec.builder("--page-size")
                    .type(PageSize.class)
                    .converters(GlobalOptions::pageSizeOf)
                    .paramLabel("SIZE")
                    .description("Page size of the kernel: 4K, 16K or 64K.")
                    .build())
            .addArg(
                OptionSpec.builder("--base")
                    .type(Long.class)
                    .converters(GlobalOptions::baseOf)
                    .paramLabel("ADDR")
                    .description("Physical address of a raw file's first byte.")
                    .build())
            .addArg(
                OptionSpec.builder("--format")
                    .type(MemorySource.Kind.class)
                    .converters(GlobalOptions::kindOf)
                    .paramLabel("FORM")
                    .description("Form of the memory image: " + kinds() + ". Default: by content.")
                    .build())
            .addArg(flag("--no-color", "No colours (NO_COLOR does the same)."))
            .addArg(flag("--debug", "Shows stack traces of errors."))
            .addArg(
                OptionSpec.builder("-h", "--help")
                    .usageHelp(true)
                    .description("Shows this help.")
                    .build())
            .build());
  }

  private static OptionSpec flag(String name, String description) {
    return OptionSpec.builder(name).type(boolean.class).arity("0").description(description).build();
  }

  /** The options out of a parsed command line. */
  static GlobalOptions of(ParseResult root) {
    Long fdt = last(root, "--fdt", Long.class);
    Long base = last(root, "--base", Long.class);
    PageSize pageSize = last(root, "--page-size", PageSize.class);
    return new GlobalOptions(
        isSet(root, "--json"),
        fdt == null ? OptionalLong.empty() : OptionalLong.of(fdt),
        Optional.ofNullable(pageSize),
        base == null ? 0 : base,
        last(root, "--format", MemorySource.Kind.class),
        isSet(root, "--no-color"),
        isSet(root, "--debug"));
  }

  /** How to open the image that the options describe. */
  // NullAway does not see that a compact constructor's parameter out of another module is nullable.
  @SuppressWarnings("NullAway")
  public OpenOptions openOptions() {
    return new OpenOptions(format, base, new LinuxFileHoles(LARGE_FILE));
  }

  private static boolean isSet(ParseResult root, String option) {
    Boolean value = last(root, option, Boolean.class);
    return value != null && value;
  }

  private static <T> @Nullable T last(ParseResult root, String option, Class<T> type) {
    T value = null;
    for (ParseResult level = root; level != null; level = level.subcommand()) {
      if (level.hasMatchedOption(option)) {
        value = type.cast(level.<@Nullable Object>matchedOptionValue(option, null));
      }
    }
    return value;
  }

  private static long baseOf(String text) {
    long base = Numbers.parse(text);
    if (base < 0) {
      throw new TypeConversionException(
          "'" + text + "' is beyond all physical memory, which ends below 0x8000000000000000");
    }
    return base;
  }

  private static PageSize pageSizeOf(String text) {
    return PageSize.ofLabel(text)
        .orElseThrow(
            () -> new TypeConversionException("'" + text + "' is not a page size: 4K, 16K or 64K"));
  }

  private static MemorySource.Kind kindOf(String text) {
    return Stream.of(MemorySource.Kind.values())
        .filter(kind -> kind.label().equals(text))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                "'" + text + "' is not a form of memory image: " + kinds()));
  }

  private static String kinds() {
    return Stream.of(MemorySource.Kind.values())
        .map(MemorySource.Kind::label)
        .collect(Collectors.joining(", "));
  }
}
