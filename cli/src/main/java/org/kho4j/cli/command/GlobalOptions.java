package org.kho4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.image.OpenOptions;
import org.kho4j.memory.image.RamLayout;
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
 * @param mapForm form of the preserved map, if the user knows it, or null
 * @param base physical address of a raw file's first byte
 * @param format form of the memory image, or null to find it by content
 * @param ramLayout file with QEMU's answer where the bytes of a raw file stand, if it is not flat
 * @param ramName the RAM of that answer that the file is, where it cannot be told
 * @param noColor no colours, even on a terminal
 * @param debug stack traces
 */
public record GlobalOptions(
    boolean json,
    OptionalLong fdt,
    Optional<PageSize> pageSize,
    @Nullable MapForm mapForm,
    long base,
    MemorySource.@Nullable Kind format,
    @Nullable Path ramLayout,
    @Nullable String ramName,
    boolean noColor,
    boolean debug) {

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
                OptionSpec.builder("--map-form")
                    .type(MapForm.class)
                    .converters(GlobalOptions::mapFormOf)
                    .paramLabel("FORM")
                    .description(
                        "Form of the preserved map, where its version has several: "
                            + mapForms()
                            + ". Default: by content.")
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
            .addArg(
                OptionSpec.builder("--ram-layout")
                    .type(Path.class)
                    .paramLabel("FILE")
                    .description(
                        "Where the bytes of a guest's RAM file stand: QEMU's answer to 'info mtree"
                            + " -f'.")
                    .build())
            .addArg(
                OptionSpec.builder("--ram-name")
                    .type(String.class)
                    .paramLabel("NAME")
                    .description("Which RAM of that layout the file is, if several are as large.")
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
        last(root, "--map-form", MapForm.class),
        base == null ? 0 : base,
        last(root, "--format", MemorySource.Kind.class),
        last(root, "--ram-layout", Path.class),
        last(root, "--ram-name", String.class),
        isSet(root, "--no-color"),
        isSet(root, "--debug"));
  }

  /** What two of the options cannot be together, or null. */
  @Nullable String contradiction() {
    if (ramLayout == null) {
      return ramName == null ? null : "--ram-name is one of a --ram-layout, and there is none";
    }
    if (base != 0) {
      return "--base and --ram-layout exclude each other: a layout has the addresses";
    }
    return format == null || format == MemorySource.Kind.RAW
        ? null
        : "--ram-layout is that of a raw file, not of --format " + format.label();
  }

  /** How to open the image that the options describe. */
  // NullAway does not see that a compact constructor's parameter out of another module is nullable.
  @SuppressWarnings("NullAway")
  OpenOptions openOptions() throws IOException {
    if (ramLayout == null) {
      return new OpenOptions(format, base);
    }
    RamLayout layout = RamLayout.read(ramLayout);
    return OpenOptions.of(ramName == null ? layout : layout.only(ramName));
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

  private static MapForm mapFormOf(String text) {
    return MapForm.of(text)
        .orElseThrow(() ->
            new TypeConversionException(
                "'" + text + "' is not a form of the preserved map: " + mapForms()));
  }

  private static String mapForms() {
    return Stream.of(MapForm.values()).map(MapForm::id).collect(Collectors.joining(", "));
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
