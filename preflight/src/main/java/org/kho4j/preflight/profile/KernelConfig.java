package org.kho4j.preflight.profile;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.image.BuiltInConfig;
import org.kho4j.preflight.image.KernelImage;

/**
 * The options of a kernel's configuration that affect a handover to it: from the built-in
 * configuration, otherwise from the file beside the image, {@code config-RELEASE}, where
 * distributions put it.
 *
 * @param khoByDefault whether KHO is on without {@code kho=}
 * @param commandLine the kernel's own command line ({@code CONFIG_CMDLINE}); empty if it has none
 * @param use what it does with the command line that it is given
 */
public record KernelConfig(boolean khoByDefault, String commandLine, Use use) {

  /** The use of a kernel's own command line, if it is not empty. */
  public enum Use {
    /**
     * A given command line is ignored: {@code CMDLINE_OVERRIDE} of x86-64, {@code CMDLINE_FORCE} of
     * arm64.
     */
    OVERRIDES,
    /** A given command line is appended: x86-64. */
    PRECEDES,
    /** A given command line counts alone, unless it is empty: arm64. */
    DEFAULT
  }

  /** Since Linux 6.19; before it was never on by itself. */
  private static final String KHO = "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT";

  private static final String COMMAND_LINE = "CONFIG_CMDLINE";

  static Optional<KernelConfig> of(KernelImage image) {
    return image
        .config()
        .or(() -> image.release().flatMap(release -> beside(image.path(), release.value())))
        .map(KernelConfig::of);
  }

  private static KernelConfig of(Map<String, String> options) {
    Use use = isSet(options, COMMAND_LINE + "_BOOL") ? Use.PRECEDES : Use.DEFAULT;
    if (isSet(options, COMMAND_LINE + "_OVERRIDE") || isSet(options, COMMAND_LINE + "_FORCE")) {
      use = Use.OVERRIDES;
    }
    return new KernelConfig(
        isSet(options, KHO), unquoted(options.getOrDefault(COMMAND_LINE, "")), use);
  }

  private static boolean isSet(Map<String, String> options, String name) {
    return "y".equals(options.get(name));
  }

  /** Returns the text of a string option, in which backslashes mark quotes and backslashes. */
  private static String unquoted(String value) {
    return value.replaceFirst("^\"(.*)\"$", "$1").replaceAll("\\\\(.)", "$1").strip();
  }

  private static Optional<Map<String, String>> beside(Path image, String release) {
    if (release.contains("/")) {
      return Optional.empty();
    }
    Path config = image.resolveSibling("config-" + release);
    try {
      if (!Files.isRegularFile(config) || Files.size(config) > BuiltInConfig.MAX_BYTES) {
        return Optional.empty();
      }
      return Optional.of(
          BuiltInConfig.options(Files.readString(config, StandardCharsets.ISO_8859_1)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Returns the command line that the kernel uses.
   *
   * @param given the command line that it is given; empty if that is not known
   * @return empty if it depends on the given command line, which is not known
   */
  public Optional<CommandLine> used(Optional<CommandLine> given) {
    if (commandLine.isEmpty()) {
      return given;
    }
    return switch (use) {
      case OVERRIDES -> Optional.of(new CommandLine(commandLine));
      case PRECEDES -> given.map(line -> new CommandLine(commandLine + " " + line.text()));
      case DEFAULT ->
          given.map(line -> line.text().isEmpty() ? new CommandLine(commandLine) : line);
    };
  }

  /** Returns the predicate about the kernel's own command line; empty if it has none. */
  public Optional<String> predicate() {
    String predicate =
        switch (use) {
          case OVERRIDES -> "ignores the given command line, and uses its own";
          case PRECEDES -> "puts its own command line before the given one";
          case DEFAULT -> "uses its own command line if the given one is empty";
        };
    return commandLine.isEmpty()
        ? Optional.empty()
        : Optional.of("%s (CONFIG_CMDLINE): \"%s\"".formatted(predicate, commandLine));
  }
}
