package org.kho4j.memory;

import java.nio.file.Path;
import org.kho4j.memory.PhysicalMemory.RangeVisitor;

/**
 * Tells the data of a sparse file from its holes, which read as zeros. It takes system calls that
 * Java does not have, so the module {@code org.kho4j.linux} implements it.
 */
@FunctionalInterface
public interface FileHoles {

  /** Knows of no hole: all of a file is data. */
  FileHoles NONE = (path, offset, length, visitor) -> visitor.range(offset, length);

  /**
   * Visits the parts of a file that may hold data, ascending. The file may change meanwhile.
   *
   * @param offset first byte of what is asked for
   * @param length bytes that are asked for, at least 1
   * @param visitor takes offsets in the file
   */
  void forEachData(Path path, long offset, long length, RangeVisitor visitor);
}
