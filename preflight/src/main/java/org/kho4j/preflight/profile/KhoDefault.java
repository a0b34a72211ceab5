package org.kho4j.preflight.profile;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.kho4j.preflight.image.KernelImage;

/**
 * Finds whether KHO is on in a kernel without {@code kho=}, by its configuration: the built-in one,
 * otherwise the file beside the image, {@code config-RELEASE}, where distributions put it.
 */
final class KhoDefault {

  /** Since Linux 6.19; before it was never on by itself. */
  private static final String OPTION = "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT";

  /** Most bytes of a configuration: the largest have 360 KB. */
  private static final long MAX_BYTES = 1 << 20;

  private KhoDefault() {}

  static Optional<Boolean> of(KernelImage image) {
    return image
        .config()
        .map(options -> "y".equals(options.get(OPTION)))
        .or(() -> image.release().flatMap(release -> beside(image.path(), release.value())));
  }

  private static Optional<Boolean> beside(Path image, String release) {
    if (release.contains("/")) {
      return Optional.empty();
    }
    Path config = image.resolveSibling("config-" + release);
    try {
      if (!Files.isRegularFile(config) || Files.size(config) > MAX_BYTES) {
        return Optional.empty();
      }
      return Optional.of(
          Files.readString(config, StandardCharsets.ISO_8859_1)
              .lines()
              .anyMatch((OPTION + "=y")::equals));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
