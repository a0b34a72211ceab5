package org.kho4j.cli.output;

import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** The reason why a file cannot be used. The JDK's exceptions have it in their class alone. */
public final class FileReason {

  /** Stands in a path for bytes that are no text in this locale. */
  public static final char UNDECODED = '\ufffd';

  private FileReason() {}

  /** Returns the reason of a failure, without the file's name. */
  public static String of(FileSystemException failure) {
    return switch (failure) {
      case NoSuchFileException e when String.valueOf(e.getFile()).indexOf(UNDECODED) >= 0 ->
          "no such file: a name that is not UTF-8 cannot be given (- with <FILE reads such a file)";
      case NoSuchFileException _ -> "no such file";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      case FileAlreadyExistsException _ -> "exists already";
      case NotDirectoryException _ -> "is not a directory";
      case DirectoryNotEmptyException _ -> "is a directory that is not empty";
      case FileSystemLoopException _ -> "is a link to a directory that contains it";
      default -> "cannot be used, for a reason that the system does not give";
    };
  }
}
