package org.kho4j.cli.author;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.cli.command.Invocation;
import org.kho4j.cli.output.OutputFile;

/** The files of one run: all of them are there at its end, or none. */
public final class Outputs implements AutoCloseable {

  private final Invocation invocation;
  private final List<OutputFile> files = new ArrayList<>();

  /** No files yet. */
  public Outputs(Invocation invocation) {
    this.invocation = invocation;
  }

  /** Adds a file; nothing is made yet. */
  public OutputFile add(Path target) throws IOException {
    OutputFile file = invocation.output(target);
    boolean twice = files.stream().anyMatch(other -> other.isNamedAs(file));
    files.add(file);
    if (twice) {
      throw new IOException(target + ": two outputs cannot be the same file");
    }
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
