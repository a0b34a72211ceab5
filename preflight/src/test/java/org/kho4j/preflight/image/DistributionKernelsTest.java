package org.kho4j.preflight.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kho4j.abi.PageSize;

/**
 * Kernels that distributions built, against the configurations that they were built with: those in
 * /boot, or under {@code -Dkho.kernels=DIR}, where packages were unpacked.
 */
class DistributionKernelsTest {

  private static final List<Feature> FEATURES =
      List.of(Feature.KHO, Feature.LUO, Feature.MEMFD, Feature.MEMBLOCK, Feature.KHO_TEST);

  /** Images with the configurations beside them, as {@code /boot} and {@code /lib/modules} have. */
  private static Map<Path, Path> kernels() throws IOException {
    Map<Path, Path> kernels = new HashMap<>();
    Path root = Path.of(System.getProperty("kho.kernels", "/boot"));
    if (!Files.isDirectory(root)) {
      return kernels;
    }
    try (Stream<Path> files = Files.walk(root, 6)) {
      for (Path file : files.filter(Files::isReadable).toList()) {
        String name = file.getFileName().toString();
        if (name.matches("vmlinuz(-.*)?") && Files.isRegularFile(file)) {
          Path config = file.resolveSibling(name.replace("vmlinuz", "config"));
          if (Files.isReadable(config)) {
            kernels.put(file, config);
          }
        }
      }
    }
    return kernels;
  }

  @Test
  void imagesSayWhatTheirConfigurationsSay() throws IOException {
    Map<Path, Path> kernels = kernels();
    assumeFalse(kernels.isEmpty(), "no kernel with its configuration is here");
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<Path, Path> kernel : kernels.entrySet()) {
      String config = Files.readString(kernel.getValue());
      KernelImage image = KernelImages.read(kernel.getKey());
      assertThat(image.pageSize().map(Found::value))
          .as("%s", image.path())
          .isEqualTo(pageSize(config));
      assertThat(
              image
                  .release()
                  .map(Found::value)
                  .map(release -> config.contains(mainVersion(release))))
          .as("%s is the kernel of its configuration", image.path())
          .contains(true);
      for (Feature feature : FEATURES) {
        BuiltIn built = BuiltIn.of(image, feature);
        String told = built.state() + ": " + built.evidence();
        if (!states(config, feature).contains(built.state())) {
          wrong.add("%s: %s is %s".formatted(image.path(), feature.option(), told));
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  private static String mainVersion(String release) {
    return release.replaceFirst("^(\\d+\\.\\d+).*", "$1");
  }

  private static Optional<PageSize> pageSize(String config) {
    if (config.contains("\nCONFIG_ARM64_16K_PAGES=y\n")) {
      return Optional.of(PageSize.SIZE_16K);
    }
    return Optional.of(
        config.contains("\nCONFIG_ARM64_64K_PAGES=y\n") ? PageSize.SIZE_64K : PageSize.SIZE_4K);
  }

  /** What may be said; where modules can be loaded, an image need not know of one. */
  private static List<BuiltIn.State> states(String config, Feature feature) {
    if (config.contains("\n" + feature.option() + "=y\n")) {
      return List.of(BuiltIn.State.YES);
    }
    return feature.modular() && config.contains("\nCONFIG_MODULES=y\n")
        ? List.of(BuiltIn.State.UNKNOWN, BuiltIn.State.MODULE)
        : List.of(BuiltIn.State.NO);
  }
}
