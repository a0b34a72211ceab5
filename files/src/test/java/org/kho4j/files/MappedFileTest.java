package org.kho4j.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class MappedFileTest {

  private static final long SIZE = 1L << 40;

  /** Prints why a file cannot be mapped; for a JVM of its own. */
  static final class Map {
    public static void main(String[] args) {
      try (MappedFile file = MappedFile.open(Path.of(args[0]))) {
        System.out.print(file.size());
      } catch (IOException e) {
        System.out.print(e.getMessage());
      }
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void namesAFileForWhichThereIsNoAddressSpace(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("ram");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), SIZE - 1);
    }
    List<String> limit = List.of("sh", "-c", "ulimit -v 100000000 && exec \"$@\"", "sh");
    assertThat(AnotherJvm.output(limit, List.of(), Map.class, file))
        .isEqualTo("%s: no address space for %d bytes; 'ulimit -v' may limit it", file, SIZE);
  }
}
