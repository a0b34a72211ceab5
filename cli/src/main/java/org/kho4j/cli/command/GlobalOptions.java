package org.kho4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.KhoVersion.MapForm;
import org.kho4j.abi.PageSize;
import org.kho4j.files.packed.Spool;
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
 * @param skip bytes of a header in front of raw memory
 * @param spoolLimit most bytes of a temporary file
 * @param ramLayout file with QEMU's answer where the bytes of a raw file are, if it is not flat
 * @param ramName the RAM of that answer that the file is, where several have its size
 * @param root the root directory of {@code running}
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
    long skip,
    long spoolLimit,
    @Nullable Path ramLayout,
    @Nullable String ramName,
    Path root,
    boolean noColor,
    boolean debug) {

  private static final Choice<PageSize> PAGE_SIZES =
      new Choice<>(PageSize.class, PageSize::label, List.of(PageSize.values()), "a page size");

  private static final Choice<MapForm> MAP_FORMS =
      new Choice<>(
          MapForm.class, MapForm::id, List.of(MapForm.values()), "a form of the preserved map");

  private static final Choice<MemorySource.Kind> KINDS =
      new Choice<>(
          MemorySource.Kind.class,
          MemorySource.Kind::label,
          List.of(MemorySource.Kind.values()),
          "a form of memory image");

  /**
   * Adds the options to a command, under headings of their own.
   *
   * @param shown takes the names of the image's options that the help shows; the others are hidden.
   *     A command that shows some of them has them among its own options
   */
  static void addTo(CommandSpec spec, Predicate<String> shown) {
    ArgGroupSpec.Builder image =
        ArgGroupSpec.builder().heading("%nOptions of a memory image:%n").validate(false).order(99);
    boolean all = imageOptions().stream().allMatch(option -> shown.test(option.longestName()));
    for (OptionSpec option : imageOptions()) {
      if (all) {
        image.addArg(option);
      } else {
        boolean hidden = !shown.test(option.longestName());
        spec.addOption(OptionSpec.builder(option).hidden(hidden).build());
      }
    }
    if (all) {
      spec.addArgGroup(image.build());
    }
    spec.addArgGroup(
        ArgGroupSpec.builder()
            .heading("%nOptions of every command:%n")
            .validate(false)
            .order(100)
            .addArg(flag("--json", "Writes JSON."))
            .addArg(flag("--no-color", "No colours (NO_COLOR does the same)."))
            .addArg(flag("--debug", "Shows stack traces of errors."))
            .addArg(
                OptionSpec.builder("-h", "--help")
                    .usageHelp(true)
                    .description("Shows this help.")
                    .build())
            .build());
  }

  private static List<OptionSpec> imageOptions() {
    return List.of(
        OptionSpec.builder("--fdt")
            .type(Long.class)
            .converters(Numbers::parse)
            .paramLabel("ADDR")
            .description("Reads only the root FDT at this physical address.")
            .build(),
        PAGE_SIZES
            .option("--page-size", GlobalOptions::pageSizeOf)
            .paramLabel("SIZE")
            .description("Page size of the kernel: " + PAGE_SIZES.words() + ".")
            .build(),
        MAP_FORMS
            .option("--map-form")
            .paramLabel("MAP_FORM")
            .description(
                "Form of the preserved map, where its version has several: "
                    + MAP_FORMS.words()
                    + ". Default: by content.")
            .build(),
        baseOption("--base", "Physical address of a raw file's first byte.").build(),
        KINDS
            .option("--format")
            .paramLabel("FORM")
            .description("Form of the memory image: " + KINDS.words() + ". Default: by content.")
            .build(),
        OptionSpec.builder("--skip")
            .type(Long.class)
            .converters(GlobalOptions::sizeOf)
            .paramLabel("BYTES")
            .description("Size of a header in front of raw memory, which is skipped.")
            .build(),
        OptionSpec.builder("--spool-limit")
            .type(Long.class)
            .converters(GlobalOptions::sizeOf)
            .paramLabel("BYTES")
            .description(
                "Maximum size of the temporary file for a compressed image or a pipe. Default:"
                    + " 16T, and never more than the free space.")
            .build(),
        OptionSpec.builder("--ram-layout")
            .type(Path.class)
            .paramLabel("FILE")
            .description(
                "Physical addresses of a guest's RAM file: QEMU's answer to 'info mtree -f'.")
            .build(),
        OptionSpec.builder("--ram-name")
            .type(String.class)
            .paramLabel("NAME")
            .description("The memory backend of the file in that layout, if several have its size.")
            .build(),
        OptionSpec.builder("--root")
            .type(Path.class)
            .paramLabel("DIR")
            .description(
                "Directory with the /proc, /sys and /boot of 'running', such as a copy from another"
                    + " host. Default: /.")
            .build());
  }

  private static OptionSpec flag(String name, String description) {
    return OptionSpec.builder(name).type(boolean.class).arity("0").description(description).build();
  }

  /** Returns the first option of an image that is on a command line and is refused. */
  static Optional<String> imageOption(ParseResult root, Predicate<String> refused) {
    return imageOptions().stream()
        .map(OptionSpec::longestName)
        .filter(refused)
        .filter(option -> last(root, option, Object.class) != null)
        .findFirst();
  }

  /** The options out of a parsed command line. */
  static GlobalOptions of(ParseResult root) {
    Long fdt = last(root, "--fdt", Long.class);
    Long base = last(root, "--base", Long.class);
    Long skip = last(root, "--skip", Long.class);
    Long spoolLimit = last(root, "--spool-limit", Long.class);
    PageSize pageSize = last(root, "--page-size", PageSize.class);
    return new GlobalOptions(
        isSet(root, "--json"),
        fdt == null ? OptionalLong.empty() : OptionalLong.of(fdt),
        Optional.ofNullable(pageSize),
        last(root, "--map-form", MapForm.class),
        base == null ? 0 : base,
        last(root, "--format", MemorySource.Kind.class),
        skip == null ? 0 : skip,
        spoolLimit == null ? Spool.DEFAULT_LIMIT : spoolLimit,
        last(root, "--ram-layout", Path.class),
        last(root, "--ram-name", String.class),
        Objects.requireNonNullElse(last(root, "--root", Path.class), Path.of("/")),
        isSet(root, "--no-color"),
        isSet(root, "--debug"));
  }

  GlobalOptions withBase(long newBase) {
    return new GlobalOptions(
        json,
        fdt,
        pageSize,
        mapForm,
        newBase,
        format,
        skip,
        spoolLimit,
        ramLayout,
        ramName,
        root,
        noColor,
        debug);
  }

  /** An option that takes the physical address of a raw file's first byte. */
  public static OptionSpec.Builder baseOption(String name, String description) {
    return OptionSpec.builder(name)
        .type(Long.class)
        .converters(GlobalOptions::baseOf)
        .paramLabel("ADDR")
        .description(description);
  }

  /** Returns the contradiction between two of the options, or null. */
  @Nullable String contradiction() {
    MemorySource.Kind other = format == MemorySource.Kind.RAW ? null : format;
    if (skip != 0 && other != null) {
      return "--skip is for raw memory, not for --format " + other.label();
    }
    if (ramLayout == null) {
      return ramName == null ? null : "--ram-name needs a --ram-layout";
    }
    if (base != 0) {
      return "--base and --ram-layout exclude each other: the layout gives the addresses";
    }
    return other == null
        ? null
        : "--ram-layout is for a raw file, not for --format " + other.label();
  }

  /** The first option that says how to open an image, of which the running host takes none. */
  Optional<String> formOption() {
    return Stream.of(
            base == 0 ? "" : "--base",
            format == null ? "" : "--format",
            skip == 0 ? "" : "--skip",
            ramLayout == null ? "" : "--ram-layout")
        .filter(option -> !option.isEmpty())
        .findFirst();
  }

  /** How to open the image that the options describe. */
  // NullAway does not see that a compact constructor's parameter out of another module is nullable.
  @SuppressWarnings("NullAway")
  OpenOptions openOptions() throws IOException {
    OpenOptions options = new OpenOptions(format, base);
    if (ramLayout != null) {
      RamLayout layout = RamLayout.read(ramLayout);
      options = OpenOptions.of(ramName == null ? layout : layout.only(ramName));
    }
    return options.withSkip(skip);
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

  private static long sizeOf(String text) {
    long size = Numbers.parse(text);
    if (size < 0) {
      throw new TypeConversionException("'" + text + "' bytes are more than any file has");
    }
    return size;
  }

  /** A page size by its label or its number of bytes. */
  private static PageSize pageSizeOf(String text) {
    Optional<PageSize> size = PageSize.ofLabel(text);
    if (size.isEmpty()) {
      try {
        size = PageSize.ofBytes(Numbers.parse(text));
      } catch (TypeConversionException _) {
        // Not a number either: the words are what the user needs to see.
      }
    }
    return size.orElseThrow(() -> PAGE_SIZES.wrong(text));
  }
}
