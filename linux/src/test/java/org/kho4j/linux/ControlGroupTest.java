package org.kho4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlGroupTest {

  @TempDir Path root;

  @Test
  void hasWhatIsLeftOfTheTightestLimit() throws IOException {
    Path service = Files.createDirectories(root.resolve("system.slice/orders.service"));
    Files.writeString(service.resolve("memory.max"), "max\n");
    Files.writeString(service.getParent().resolve("memory.max"), "1000\n");
    Files.writeString(service.getParent().resolve("memory.current"), "600\n");
    Files.writeString(root.resolve("memory.max"), "5000\n");

    assertThat(new ControlGroup(root, service).availableMemory()).isEqualTo(400);
    assertThat(new ControlGroup(root, root).availableMemory()).isEqualTo(5000);

    Files.writeString(service.getParent().resolve("memory.stat"), "anon 300\ninactive_file 250\n");
    assertThat(new ControlGroup(root, service).availableMemory()).isEqualTo(650);

    Files.writeString(service.resolve("memory.max"), "100\n");
    Files.writeString(service.resolve("memory.current"), "101\n");
    assertThat(new ControlGroup(root, service).availableMemory()).isZero();
  }

  @Test
  void hasNoLimitWhereNoneIsSet() {
    assertThat(new ControlGroup(root, root).availableMemory()).isEqualTo(Long.MAX_VALUE);
    assertThat(new ControlGroup(root, root.resolve("none")).availableMemory())
        .isEqualTo(Long.MAX_VALUE);
  }
}
