package org.kho4j.preflight.image;

import java.util.List;
import java.util.regex.Pattern;
import org.kho4j.abi.DevelopmentLayout;
import org.kho4j.abi.VersionString;

/**
 * The form of version names: those of {@link VersionString}, and the names of LUO's clients in
 * development, which may have an underscore before the version, or no version.
 */
final class VersionName {

  /** Names of clients that do not end in {@code -vN}. */
  static final List<String> UNUSUAL =
      DevelopmentLayout.ALL.stream()
          .map(DevelopmentLayout::name)
          .filter(name -> VersionString.of(name).isEmpty())
          .distinct()
          .toList();

  private static final Pattern UNDERSCORED = Pattern.compile("[a-z][a-z0-9_]*_luo_v[0-9]{1,9}");

  private VersionName() {}

  /** Returns whether the whole text is a version name. */
  static boolean matches(String text) {
    return VersionString.of(text).isPresent()
        || UNDERSCORED.matcher(text).matches()
        || UNUSUAL.contains(text);
  }
}
