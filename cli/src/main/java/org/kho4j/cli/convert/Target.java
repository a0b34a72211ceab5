package org.kho4j.cli.convert;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kho4j.abi.Contract;
import org.kho4j.abi.KhoBlock;
import org.kho4j.abi.KhoFeature;
import org.kho4j.abi.KhoLayout;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.Releases;
import picocli.CommandLine.TypeConversionException;

/**
 * The target of a conversion.
 *
 * @param kho the root contract
 * @param luo of the kernels that write it; null where they have none
 * @param memfd of the kernels that write it; null where they have none
 */
record Target(KhoLayout kho, @Nullable LuoVersion luo, @Nullable MemfdVersion memfd) {

  /**
   * The target of a name: a release, as {@code "6.19"}, means the versions that the release writes;
   * a layout or a version, as {@code kho-v1@6.16} or {@code luo-v3}, the versions that the newest
   * release with it writes, or the development trees that had it.
   */
  static Target parse(String name) {
    return (name.startsWith("luo-") ? ofLuo(name) : ofKho(name))
        .or(() -> ofRelease(name))
        .orElseThrow(() ->
            new TypeConversionException(
                "'%s' is neither a release from 6.16 to %s nor one of %s"
                    .formatted(
                        name,
                        Releases.NEWEST,
                        Stream.concat(
                                KhoLayout.all().stream().map(KhoLayout::id),
                                LuoVersion.ALL.stream().map(LuoVersion::id))
                            .toList())));
  }

  private static Optional<Target> ofRelease(String release) {
    if (!release.matches("[0-9]+\\.[0-9]+(\\.[0-9]+)?")
        || Contract.RELEASES.stream().noneMatch(known -> sameSeries(known, release))) {
      return Optional.empty();
    }
    return KhoLayout.all().stream()
        .filter(layout -> layout.releases().includes(release))
        .findFirst()
        .map(layout ->
            new Target(
                layout,
                at(release, LuoVersion.ALL, LuoVersion::releases),
                at(release, MemfdVersion.ALL, MemfdVersion::releases)));
  }

  /** Returns whether two releases begin with the same two numbers. */
  private static boolean sameSeries(String a, String b) {
    return series(a).equals(series(b));
  }

  private static List<String> series(String release) {
    return List.of(release.split("\\.")).subList(0, 2);
  }

  private static <T> @Nullable T at(
      String release, List<T> versions, Function<T, Releases> releases) {
    return versions.stream()
        .filter(version -> releases.apply(version).includes(release))
        .findFirst()
        .orElse(null);
  }

  /** Of a version with several layouts, the newest one that a release writes. */
  private static Optional<Target> ofKho(String name) {
    return Stream.concat(
            KhoLayout.all().reversed().stream().filter(layout -> layout.releases().released()),
            KhoLayout.all().reversed().stream())
        .filter(layout -> layout.id().equals(name) || layout.version().compatible().equals(name))
        .findFirst()
        .map(layout -> {
          Target near = ofNewestRelease(nearestReleased(layout));
          return new Target(layout, near.luo, near.memfd);
        });
  }

  /** The layout itself, or the one of a release that the trees with it were made from or led to. */
  private static KhoLayout nearestReleased(KhoLayout layout) {
    int place = KhoLayout.all().indexOf(layout);
    return KhoLayout.all().stream()
        .filter(other ->
            other.releases().released()
                && other.has(KhoFeature.METADATA) == layout.has(KhoFeature.METADATA))
        .min(Comparator.comparingInt(other -> Math.abs(KhoLayout.all().indexOf(other) - place)))
        .orElseThrow();
  }

  private static Target ofNewestRelease(KhoLayout layout) {
    return newestRelease(layout.releases()).flatMap(Target::ofRelease).orElseThrow();
  }

  /** Trees with a version of LUO that no release has came after 7.1; blocks came with kho-v4. */
  private static Optional<Target> ofLuo(String name) {
    return LuoVersion.ALL.reversed().stream()
        .filter(luo -> luo.id().equals(name) || luo.compatible().equals(name))
        .findFirst()
        .map(luo ->
            newestRelease(luo.releases())
                .flatMap(Target::ofRelease)
                .orElseGet(() -> {
                  KhoLayout layout =
                      KhoLayout.all().stream()
                          .filter(kho -> kho.has(KhoFeature.METADATA) && kho.releases().released())
                          .filter(kho -> kho.has(KhoFeature.BLOCKS) || !usesBlocks(luo))
                          .findFirst()
                          .orElseThrow();
                  return new Target(layout, luo, ofNewestRelease(layout).memfd);
                }));
  }

  private static boolean usesBlocks(LuoVersion luo) {
    return luo.sessionList().has(KhoBlock.COUNT) || luo.fileList().has(KhoBlock.COUNT);
  }

  private static Optional<String> newestRelease(Releases releases) {
    return Contract.RELEASES.reversed().stream().filter(releases::includes).findFirst();
  }
}
