package org.kho4j.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A control group (version 2), by its folder.
 *
 * @param root mount point of the hierarchy
 * @param folder of the group, at or below {@code root}
 */
record ControlGroup(Path root, Path folder) {

  private static final Path MOUNT = Path.of("/sys/fs/cgroup");

  /** Returns the group of this process; the root if the group cannot be read. */
  static ControlGroup ofThisProcess() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/cgroup"))) {
        if (line.startsWith("0::/")) {
          return new ControlGroup(MOUNT, MOUNT.resolve(line.substring(4)).normalize());
        }
      }
    } catch (IOException _) {
      // a host without control groups
    }
    return new ControlGroup(MOUNT, MOUNT);
  }

  /**
   * Returns the bytes left of the tightest memory limit from the group up; a group may have no
   * limit.
   */
  long availableMemory() {
    long available = Long.MAX_VALUE;
    for (Path group = folder; group != null && group.startsWith(root); group = group.getParent()) {
      long limit = number(group.resolve("memory.max"), Long.MAX_VALUE);
      if (limit != Long.MAX_VALUE) {
        long used = number(group.resolve("memory.current"), 0) - reclaimable(group);
        available = Math.min(available, Math.max(0, limit - used));
      }
    }
    return available;
  }

  /**
   * Returns the bytes of cached file pages that are not in use: the kernel reclaims them before it
   * refuses memory.
   */
  private static long reclaimable(Path group) {
    try {
      for (String line : Files.readAllLines(group.resolve("memory.stat"))) {
        if (line.startsWith("inactive_file ")) {
          return Long.parseLong(line.substring(line.indexOf(' ') + 1));
        }
      }
    } catch (IOException | NumberFormatException _) {
      // counted as used
    }
    return 0;
  }

  private static long number(Path file, long otherwise) {
    try {
      return Long.parseLong(Files.readString(file).strip());
    } catch (IOException | NumberFormatException _) {
      return otherwise;
    }
  }
}
