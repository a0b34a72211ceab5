package org.kho4j.cli.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.handover.pages.AddressRange;

class OutputFileTest {

  @TempDir private Path directory;

  /** No process has the addresses to map that much, whatever the file system takes. */
  @Test
  void memoryThatIsTooLargeForAFileIsRefusedWithItsName() throws IOException {
    Path ram = directory.resolve("ram");
    try (OutputFile file = OutputFile.create(ram, false, List.of())) {
      assertThatThrownBy(() -> file.memory(new AddressRange(0, 1L << 50)))
          .isInstanceOf(FileSystemException.class)
          .hasMessageStartingWith(ram + ": cannot be a file of 1 PiB: ");
    }
    assertThat(directory).isEmptyDirectory();
  }
}
