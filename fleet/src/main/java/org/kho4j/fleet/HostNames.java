package org.kho4j.fleet;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds host and group in the path of a file.
 *
 * @param pattern with the named group {@code host} and perhaps {@code group}
 */
record HostNames(Pattern pattern) {

  /**
   * A host.
   *
   * @param group empty where the pattern has none
   */
  record Name(String host, String group) {}

  /** The name of a host; the whole path where the pattern does not match. */
  Name of(String path) {
    Matcher matcher = pattern.matcher(path);
    if (!matcher.find()) {
      return new Name(path, "");
    }
    String host = matcher.group("host");
    String group = pattern.namedGroups().containsKey("group") ? matcher.group("group") : "";
    return new Name(host == null ? path : host, group == null ? "" : group);
  }
}
