package org.kho4j.fleet;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The folder of a run's tables and page. */
final class FleetOutput {

  private static final String CONTENTS = "contents";

  private final Path root;
  private final Configuration conf;
  private final FileSystem system;

  FleetOutput(Path root, Configuration conf) throws IOException {
    this.conf = conf;
    this.system = root.getFileSystem(conf);
    this.root = system.makeQualified(root);
  }

  /** Returns a temporary folder on this machine, for a run without kept tables. */
  static FleetOutput temporary(Configuration conf) throws IOException {
    return new FleetOutput(
        new Path(Files.createTempDirectory("kho-fleet-").toUri().toString()), conf);
  }

  /**
   * Checks that the run may write into the folder, and empties it for a replacement.
   *
   * @param read the files that the run reads
   * @throws IOException if the folder has content and neither option is given, content that is not
   *     a run's output, or, for a replacement, a file that the run reads
   */
  void prepare(boolean resume, boolean replace, List<String> read) throws IOException {
    if (!system.exists(root)) {
      return;
    }
    if (!system.getFileStatus(root).isDirectory()) {
      throw new IOException(root + ": is a file, and the output is a folder");
    }
    if (system.listStatus(root).length == 0) {
      return;
    }
    if (!resume && !replace) {
      throw new IOException(root + ": exists; --resume continues it, --replace replaces it");
    }
    if (!system.exists(contents())) {
      throw new IOException(root + ": has something else than the output of kho fleet in it");
    }
    if (replace) {
      for (String file : read) {
        if (isInside(new Path(file))) {
          throw new IOException(
              "%s: is read by this command, so %s is not replaced".formatted(file, root));
        }
      }
      delete();
    }
  }

  private boolean isInside(Path file) throws IOException {
    Path at = file.getFileSystem(conf).makeQualified(file);
    while (at != null && !at.equals(root)) {
      at = at.getParent();
    }
    return at != null;
  }

  /** Returns the path of the table of contents read so far, by which a run resumes. */
  Path contents() {
    return new Path(root, CONTENTS);
  }

  boolean hasContents() throws IOException {
    return system.exists(contents());
  }

  Path table(String name) {
    return new Path(root, name);
  }

  void write(String name, String text) throws IOException {
    Path part = new Path(root, "_" + name);
    Path file = new Path(root, name);
    try (Writer out = new OutputStreamWriter(system.create(part, true), StandardCharsets.UTF_8)) {
      out.write(text);
    }
    system.delete(file, false);
    if (!system.rename(part, file)) {
      throw new IOException(file + ": cannot be written");
    }
  }

  void delete() throws IOException {
    system.delete(root, true);
  }
}
