package org.kho4j.preflight.image;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kho4j.preflight.btf.Btf;

/**
 * The presence of a {@link Feature} in a kernel: by its option in the configuration, then by a
 * whole string, then by functions. An option that the configuration lacks may have another name in
 * that kernel, or not exist yet, so a string outweighs its absence.
 *
 * @param state the answer
 * @param evidence a phrase with the evidence
 */
public record BuiltIn(State state, String evidence) {

  /** The presence of a feature in a kernel. */
  public enum State {
    /** The feature is built into the image. */
    YES,
    /** The feature is a module, and works once that is loaded. */
    MODULE,
    NO,
    /** The image has no evidence. */
    UNKNOWN
  }

  /**
   * A kernel without this function has no modules. The function is exported, so no compiler inlines
   * it away, as Ubuntu's (7.0.0-14-generic) does with load_module.
   */
  private static final String MODULE_LOADER = "register_module_notifier";

  /** Returns whether a kernel has a feature. */
  public static BuiltIn of(KernelImage image, Feature feature) {
    return byOption(image.config(), feature)
        .or(() -> byString(image, feature))
        .or(() -> byMissingOption(image.config(), feature))
        .or(() -> byFunction(image.btf(), feature))
        .orElseGet(() -> byAbsence(image, feature));
  }

  private static Optional<BuiltIn> byOption(Optional<Map<String, String>> config, Feature feature) {
    return config
        .map(options -> options.get(feature.option()))
        .map(value -> {
          State state =
              switch (value) {
                case "y" -> State.YES;
                case "m" -> State.MODULE;
                default -> State.NO;
              };
          String said =
              state == State.NO ? feature.option() + " is not set" : feature.option() + "=" + value;
          return new BuiltIn(state, said + " in its built-in configuration");
        });
  }

  private static Optional<BuiltIn> byMissingOption(
      Optional<Map<String, String>> config, Feature feature) {
    return config.map(
        _ -> new BuiltIn(State.NO, "no " + feature.option() + " in its built-in configuration"));
  }

  private static Optional<BuiltIn> byString(KernelImage image, Feature feature) {
    return named(image, feature).stream()
        .filter(FoundString::isWhole)
        .findFirst()
        .map(string ->
            new BuiltIn(State.YES, "string \"" + string.text() + "\" at " + string.place()));
  }

  private static List<FoundString> named(KernelImage image, Feature feature) {
    return image.strings(feature.stem().isEmpty() ? feature.marker() : feature.stem());
  }

  private static Optional<BuiltIn> byFunction(Optional<Btf> btf, Feature feature) {
    if (feature.function().isEmpty() || btf.isEmpty() || !btf.get().hasFunctions()) {
      return Optional.empty();
    }
    if (btf.get().hasFunction(feature.function())) {
      return Optional.of(new BuiltIn(State.YES, "function " + feature.function() + " in its BTF"));
    }
    String evidence = "no function " + feature.function() + " in its BTF";
    return Optional.of(
        feature.modular() && !btf.get().hasFunction(MODULE_LOADER)
            ? new BuiltIn(State.NO, evidence + ", nor one of the module loader")
            : absent(feature, evidence));
  }

  private static BuiltIn byAbsence(KernelImage image, Feature feature) {
    if (image.strings().isEmpty()) {
      return new BuiltIn(
          State.UNKNOWN, "neither its configuration nor its strings nor its functions are here");
    }
    List<FoundString> tails = named(image, feature);
    if (!tails.isEmpty()) {
      return new BuiltIn(State.UNKNOWN, tails.getFirst().ending());
    }
    String sought = feature.stem().isEmpty() ? feature.marker() : feature.stem() + "-vN";
    return absent(feature, "no string \"" + sought + "\" in the whole kernel");
  }

  private static BuiltIn absent(Feature feature, String evidence) {
    return feature.modular()
        ? new BuiltIn(State.UNKNOWN, evidence + "; it may be a module")
        : new BuiltIn(State.NO, evidence);
  }
}
