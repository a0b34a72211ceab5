package org.kho4j.fleet;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** The local file system with links that lead nowhere, which Hadoop leaves out of its lists. */
final class LocalFolders extends RawLocalFileSystem {

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    java.nio.file.Path folder = pathToFile(path).toPath();
    if (!Files.isDirectory(folder)) {
      return super.listStatus(path);
    }
    List<FileStatus> found = new ArrayList<>();
    try (DirectoryStream<java.nio.file.Path> names = Files.newDirectoryStream(folder)) {
      for (java.nio.file.Path name : names) {
        Path file = new Path(path, new Path(null, null, name.getFileName().toString()));
        try {
          found.add(getFileStatus(file));
        } catch (FileNotFoundException e) {
          if (Files.isSymbolicLink(name)) {
            found.add(new FileStatus(0, false, 1, 0, 0, makeQualified(file)));
          }
        }
      }
    }
    return found.toArray(FileStatus[]::new);
  }
}
