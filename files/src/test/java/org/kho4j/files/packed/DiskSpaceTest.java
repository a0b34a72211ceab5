package org.kho4j.files.packed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskSpaceTest {

  private static final Path IMAGE = Path.of("image");

  @TempDir Path directory;

  @Test
  void leavesTheReserveFreeFromTheFirstByteOn() throws IOException {
    DiskSpace space = new DiskSpace(directory, IMAGE);
    space.take(1);
    long free = directory.toFile().getUsableSpace();
    // Other processes write and delete while the test runs.
    assertThatThrownBy(() -> space.take(free + (1L << 40)))
        .isInstanceOf(IOException.class)
        .hasMessageMatching(
            "the temporary file of image in \\Q"
                + directory
                + "\\E: after 1 bytes, only \\d+ bytes are free there, and 67108864 must stay free"
                + " \\(KHO_JAVA_OPTS=-Djava.io.tmpdir=DIR sets another directory\\)");
    assertThat(DiskSpace.RESERVE).as("64 MiB, as docs/cli.md has it").isEqualTo(64L << 20);
  }

  @Test
  void aDirectoryWithoutRoomTakesNothing() {
    DiskSpace space = new DiskSpace(directory.resolve("none"), IMAGE);
    assertThatThrownBy(() -> space.take(1))
        .hasMessageContaining(": after 0 bytes, only 0 bytes are free there, and 67108864 must");
  }
}
