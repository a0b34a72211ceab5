package org.kho4j.cli.author;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.cli.output.OutputFile;

/** The files of one run: all of them are there at its end, or none. */
public final class Outputs implements AutoCloseable {

  private final boolean replace;
  private final List<OutputFile> files = new ArrayList<>();

  /**
   * No files yet.
   *
   * @param replace whether files of their names may be there
   */
  public Outputs(boolean replace) {
    this.replace = replace;
  }

  /** Adds a file; nothing is made yet. */
  public OutputFile add(Path target) throws IOException {
    for (OutputFile other : files) {
      if (other.target().toAbsolutePath().normalize().equals(target.toAbsolutePath().normalize())) {
        throw new IOException(target + ": two outputs cannot be the same file");
      }
    }
    OutputFile file = OutputFile.create(target, replace, null);
    files.add(file);
    return file;
  }

  /** Gives all of them their names. */
  public void publish() throws IOException {
    try {
      for (OutputFile file : files) {
        file.commit();
      }
    } catch (IOException e) {
      for (OutputFile file : files) {
        file.withdraw();
      }
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    for (OutputFile file : files) {
      file.close();
    }
  }
}
