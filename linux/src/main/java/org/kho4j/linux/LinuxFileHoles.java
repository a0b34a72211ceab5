package org.kho4j.linux;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.kho4j.memory.FileHoles;
import org.kho4j.memory.PhysicalMemory.RangeVisitor;

/**
 * Asks the file system for the holes of files that are large enough for it to pay. Where it cannot
 * tell, all of the file is data.
 */
public final class LinuxFileHoles implements FileHoles {

  private final long minimum;

  /**
   * A look for holes.
   *
   * @param minimum bytes of a part of a file from which on it is looked at
   */
  public LinuxFileHoles(long minimum) {
    this.minimum = minimum;
  }

  @Override
  public void forEachData(Path path, long offset, long length, RangeVisitor visitor) {
    if (length < minimum || !Linux.isSupported()) {
      visitor.range(offset, length);
      return;
    }
    long end = offset + length;
    long at = offset;
    try (LinuxFile file = LinuxFile.openToRead(path)) {
      while (at < end) {
        OptionalLong data = file.nextData(at);
        if (data.isEmpty() || data.getAsLong() >= end) {
          return;
        }
        long hole = Math.min(end, file.nextHole(data.getAsLong()).orElse(end));
        if (hole > data.getAsLong()) { // or the data is gone since
          visitor.range(data.getAsLong(), hole - data.getAsLong());
        }
        at = hole;
      }
    } catch (LinuxException e) {
      visitor.range(at, end - at);
    }
  }
}
