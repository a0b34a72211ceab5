package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailureMessageTest {

  /** Their own messages are the name alone. */
  @Test
  void aFailureOfAFileHasAReason() {
    assertThat(
            List.of(
                FailureMessage.of(new NoSuchFileException("/f")),
                FailureMessage.of(new NoSuchFileException("/f\ufffd")),
                FailureMessage.of(new AccessDeniedException("/f")),
                FailureMessage.of(new FileAlreadyExistsException("/f")),
                FailureMessage.of(new NotDirectoryException("/f")),
                FailureMessage.of(new DirectoryNotEmptyException("/f")),
                FailureMessage.of(new FileSystemLoopException("/f")),
                FailureMessage.of(new FileSystemException("/f", null, "is wet")),
                FailureMessage.of(new FileSystemException("/f"))))
        .containsExactly(
            "/f: no such file",
            "/f\\ufffd: no such file: a name that is not UTF-8 cannot be given (- with <FILE reads such"
                + " a file)",
            "/f: permission denied",
            "/f: exists already",
            "/f: is not a directory",
            "/f: is a directory that is not empty",
            "/f: is a link to a directory that contains it",
            "/f: is wet",
            "/f: cannot be used, for a reason that the system does not give");
  }
}
