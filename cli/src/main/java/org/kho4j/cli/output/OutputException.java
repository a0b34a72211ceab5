package org.kho4j.cli.output;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The command's output could not be written. */
public final class OutputException extends IOException {

  private static final long serialVersionUID = 1L;

  // st_mode of stat(2).
  private static final int TYPE_MASK = 0170000;
  private static final int PIPE = 0010000;
  private static final int SOCKET = 0140000;

  OutputException(IOException cause) {
    super(cause.getMessage(), cause);
  }

  /**
   * Returns whether the reader closed its end, as {@code head} does after its last line. The
   * system's own message is in the user's language, so the kind of the descriptor decides: pipes
   * and sockets fail in no other way.
   */
  public static boolean readerWentAway() {
    try {
      int type = (int) Files.getAttribute(Path.of("/dev/stdout"), "unix:mode") & TYPE_MASK;
      return type == PIPE || type == SOCKET;
    } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
      return true;
    }
  }
}
