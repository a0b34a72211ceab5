package org.kho4j.cli.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.handover.pages.AddressRange;

class OutputFileTest {

  @TempDir private Path directory;

  @Test
  void replacesALinkToAFileOrToNothing() throws IOException {
    Path link = directory.resolve("link");
    for (String to : List.of("file", "nothing")) {
      Path target = directory.resolve(to);
      if (to.equals("file")) {
        Files.writeString(target, "kept");
      }
      Files.createSymbolicLink(link, target);
      try (OutputFile file = OutputFile.create(link, true, List.of())) {
        file.write(new byte[] {'n', 'e', 'w'});
        file.commit();
      }
      assertThat(link).isRegularFile().hasContent("new");
      Files.delete(link);
    }
    assertThat(directory.resolve("file")).hasContent("kept");
  }

  /** Every program of the machine needs the link. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void replacesNoLinkOfTheSystem() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("null"), Path.of("/dev/null"));
    for (Path place : List.of(link, Path.of("/dev/stdout"), Path.of("/proc/self/exe"))) {
      assertThatThrownBy(() -> OutputFile.create(place, true, List.of()))
          .isInstanceOf(FileSystemException.class)
          .hasMessageStartingWith(place + ": is a link to a device or stream");
    }
  }

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
