package org.kho4j.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/** The files that folders and globs name, each once. Names that begin with . or _ are left out. */
final class FleetInput {

  private FleetInput() {}

  /**
   * Lists files.
   *
   * @throws IOException if a folder, file or glob names nothing
   */
  static List<InputFile> list(List<String> inputs, Configuration conf) throws IOException {
    Map<String, InputFile> files = new TreeMap<>();
    for (String input : inputs) {
      Path path = new Path(input);
      FileSystem system = system(path, conf);
      FileStatus[] matches = system.globStatus(path);
      if (matches == null || matches.length == 0) {
        throw new IOException(input + ": no such file or folder");
      }
      for (FileStatus match : matches) {
        if (match.isDirectory()) {
          addAll(system, match.getPath(), files);
        } else {
          add(match, files);
        }
      }
    }
    if (files.isEmpty()) {
      throw new IOException(String.join(", ", inputs) + ": no files in there");
    }
    return new ArrayList<>(files.values());
  }

  private static FileSystem system(Path path, Configuration conf) throws IOException {
    FileSystem system = path.getFileSystem(conf);
    if (!(system instanceof LocalFileSystem)) {
      return system;
    }
    LocalFolders local = new LocalFolders();
    local.initialize(system.getUri(), conf);
    return local;
  }

  private static void addAll(FileSystem system, Path folder, Map<String, InputFile> files)
      throws IOException {
    if (system instanceof LocalFolders) {
      addLocal(system, folder, new HashSet<>(), files);
      return;
    }
    // One list for all of the folder in a bucket, in place of one for each folder in it.
    RemoteIterator<LocatedFileStatus> all = system.listFiles(folder, true);
    while (all.hasNext()) {
      LocatedFileStatus file = all.next();
      if (!isHidden(file.getPath(), folder)) {
        add(file, files);
      }
    }
  }

  /**
   * On a local disk, {@code listFiles} runs the program {@code ls} for each file.
   *
   * @param around the folders that this one is in: a link back to one of them is not followed
   */
  private static void addLocal(
      FileSystem system, Path folder, Set<java.nio.file.Path> around, Map<String, InputFile> files)
      throws IOException {
    var local = java.nio.file.Path.of(folder.toUri().getPath()).toRealPath();
    if (!around.add(local)) {
      return;
    }
    for (FileStatus status : system.listStatus(folder)) {
      if (isHidden(status.getPath(), folder)) {
        continue;
      }
      if (status.isDirectory()) {
        addLocal(system, status.getPath(), around, files);
      } else {
        add(status, files);
      }
    }
    around.remove(local);
  }

  private static void add(FileStatus file, Map<String, InputFile> files) {
    String path = file.getPath().toString();
    files.put(
        path, new InputFile(path, file.getLen(), file.getModificationTime(), "", error(file)));
  }

  /** Why a local file cannot be read: to open a pipe would wait for a writer. */
  private static String error(FileStatus file) {
    if (!"file".equals(file.getPath().toUri().getScheme())) {
      return "";
    }
    var local = java.nio.file.Path.of(file.getPath().toUri().getPath());
    return Files.isRegularFile(local)
        ? ""
        : file.getPath()
            + (Files.exists(local) ? ": is not a regular file" : ": is a link that leads nowhere");
  }

  private static boolean isHidden(Path file, Path below) {
    for (Path at = file; at != null && !at.equals(below); at = at.getParent()) {
      if (at.getName().startsWith(".") || at.getName().startsWith("_")) {
        return true;
      }
    }
    return false;
  }
}
