package org.kho4j.preflight.image;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kho4j.preflight.btf.Btf;

/** Finds whether a feature is built in: from the configuration, then from strings and functions. */
final class BuiltIn {

  /**
   * A kernel without this function has no modules. The function is exported, so no compiler inlines
   * it away, as Ubuntu's (7.0.0-14-generic) does with load_module.
   */
  private static final String MODULE_LOADER = "register_module_notifier";

  private BuiltIn() {}

  static Built look(KernelImage image, Feature feature) {
    return byConfig(image.config(), feature)
        .or(() -> byString(image, feature))
        .or(() -> byFunction(image.btf(), feature))
        .orElseGet(() -> byAbsence(image, feature));
  }

  private static Optional<Built> byConfig(Optional<Map<String, String>> config, Feature feature) {
    return config.map(options -> {
      String value = options.getOrDefault(feature.option(), "n");
      Built.State state =
          switch (value) {
            case "y" -> Built.State.YES;
            case "m" -> Built.State.MODULE;
            default -> Built.State.NO;
          };
      String said =
          state == Built.State.NO
              ? feature.option() + " is not set"
              : feature.option() + "=" + value;
      return new Built(state, said + " in its built-in configuration");
    });
  }

  private static Optional<Built> byString(KernelImage image, Feature feature) {
    return named(image, feature).stream()
        .filter(FoundString::isWhole)
        .findFirst()
        .map(string ->
            new Built(Built.State.YES, "string \"" + string.text() + "\" at " + string.place()));
  }

  private static List<FoundString> named(KernelImage image, Feature feature) {
    return image.strings(feature.stem().isEmpty() ? feature.marker() : feature.stem());
  }

  private static Optional<Built> byFunction(Optional<Btf> btf, Feature feature) {
    if (feature.function().isEmpty() || btf.isEmpty() || !btf.get().hasFunctions()) {
      return Optional.empty();
    }
    if (btf.get().hasFunction(feature.function())) {
      return Optional.of(
          new Built(Built.State.YES, "function " + feature.function() + " in its BTF"));
    }
    String evidence = "no function " + feature.function() + " in its BTF";
    return Optional.of(
        feature.modular() && !btf.get().hasFunction(MODULE_LOADER)
            ? new Built(Built.State.NO, evidence + ", nor one of the module loader")
            : absent(feature, evidence));
  }

  private static Built byAbsence(KernelImage image, Feature feature) {
    if (image.strings().isEmpty()) {
      return new Built(
          Built.State.UNKNOWN,
          "neither its configuration nor its strings nor its functions are here");
    }
    List<FoundString> tails = named(image, feature);
    if (!tails.isEmpty()) {
      return new Built(Built.State.UNKNOWN, tails.getFirst().ending());
    }
    String sought = feature.stem().isEmpty() ? feature.marker() : feature.stem() + "-vN";
    return absent(feature, "no string \"" + sought + "\" in the whole kernel");
  }

  private static Built absent(Feature feature, String evidence) {
    return feature.modular()
        ? new Built(Built.State.UNKNOWN, evidence + "; it may be a module")
        : new Built(Built.State.NO, evidence);
  }
}
