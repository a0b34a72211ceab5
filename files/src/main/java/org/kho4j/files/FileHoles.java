package org.kho4j.files;

import java.nio.file.Path;

/** Distinguishes the data of a sparse file from its holes, which read as zeros. */
@FunctionalInterface
public interface FileHoles {

  /** Knows of no hole: all of a file is data. */
  FileHoles NONE = (path, offset, length, visitor) -> visitor.data(offset, length);

  /**
   * Visits the parts of a file that may hold data, ascending. The file may change meanwhile.
   *
   * @param offset first byte of the part to look at
   * @param length bytes to look at, at least 1
   */
  void forEachData(Path path, long offset, long length, DataVisitor visitor);

  /** Takes one part of a file that may hold data. */
  @FunctionalInterface
  interface DataVisitor {
    /**
     * Takes one part.
     *
     * @param offset in the file of its first byte
     * @param length bytes, at least 1
     */
    void data(long offset, long length);
  }
}
