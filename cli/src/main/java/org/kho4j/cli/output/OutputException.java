package org.kho4j.cli.output;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** The command's output could not be written. */
public final class OutputException extends IOException {

  private static final long serialVersionUID = 1L;

  OutputException(IOException cause) {
    super(cause.getMessage(), cause);
  }

  /**
   * Whether the reader simply went away, as {@code head} does when it has enough. The system's own
   * message is in the user's language, so the kind of descriptor decides: a pipe, a socket or a
   * terminal fails in no other way.
   */
  public static boolean readerWentAway() {
    try {
      return Files.readAttributes(
              Path.of("/dev/stdout").toRealPath(),
              BasicFileAttributes.class,
              LinkOption.NOFOLLOW_LINKS)
          .isOther();
    } catch (IOException e) {
      // A pipe has no path that it could be resolved to.
      return true;
    }
  }
}
