package org.kho4j.lab.guest;

import java.nio.file.Path;

/**
 * A paused guest, saved so that it can be resumed any number of times.
 *
 * @param boot how it was started
 * @param directory where its state is, and its RAM as it was then
 */
public record Snapshot(Boot boot, Path directory) {

  /** Its RAM, which has to be copied before a guest goes on with it. */
  public Path ram() {
    return directory.resolve(Guest.RAM);
  }
}
