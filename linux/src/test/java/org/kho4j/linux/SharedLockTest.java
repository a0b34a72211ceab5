package org.kho4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Locks on memory whose descriptor systemd holds, too. */
@EnabledOnOs(OS.LINUX)
@SuppressWarnings("try") // closing early is what is tested
class SharedLockTest {

  @TempDir Path dir;

  @Test
  void locksAFileOnce() throws IOException {
    Path path = dir.resolve("ram");
    try (LinuxFile first = LinuxFile.create(path, 4096);
        LinuxFile second = LinuxFile.open(path)) {
      assertThat(first.tryLock()).isTrue();
      assertThat(first.tryLock()).as("the owner again").isTrue();
      assertThat(second.tryLock()).isFalse();
      assertThat(second.isLocked()).isTrue();
      assertThat(first.isLocked()).as("by another").isFalse();

      first.close();

      assertThat(second.isLocked()).isFalse();
      assertThat(second.tryLock()).isTrue();
    }
  }

  @Test
  void keepsALockOnAStoredDescriptorWhenItsProcessHasClosedIt() throws IOException {
    try (LinuxFile memory = LinuxFile.memory("trap", 4096, HugePages.NONE);
        LinuxFile stored = passed(memory);
        LinuxFile next = stored.reopen()) {
      assertThat(memory.tryLock()).isTrue();
      memory.close();

      assertThat(next.tryLock()).as("what systemd holds shares the description").isFalse();
    }
  }

  @Test
  void freesALockOnAReopenedDescriptorWhenItsProcessHasClosedIt() throws IOException {
    try (LinuxFile memory = LinuxFile.memory("reopened", 4096, HugePages.NONE);
        LinuxFile stored = passed(memory);
        LinuxFile own = memory.reopen();
        LinuxFile next = stored.reopen()) {
      assertThat(own.path()).isEqualTo(memory.path());
      assertThat(own.tryLock()).isTrue();
      assertThat(next.tryLock()).isFalse();

      own.close();

      assertThat(next.tryLock()).isTrue();
    }
  }

  /** A duplicate of the descriptor, as systemd gets it. */
  private static LinuxFile passed(LinuxFile memory) throws IOException {
    String address = "@kho4j/" + UUID.randomUUID();
    try (NotifyReceiver systemd = new NotifyReceiver(address);
        NotifySocket socket =
            NotifySocket.open(Map.of("NOTIFY_SOCKET", address, "FDSTORE", "1")).orElseThrow()) {
      socket.store("memory", memory);
      return systemd.receive().files().getFirst();
    }
  }
}
