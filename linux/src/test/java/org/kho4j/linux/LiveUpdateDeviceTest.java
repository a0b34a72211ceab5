package org.kho4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What can be tested without a kernel that has LUO; the lab's scenarios have one. */
@EnabledOnOs(OS.LINUX)
@SuppressWarnings("try") // closing early is what is tested
class LiveUpdateDeviceTest {

  @TempDir Path dir;

  @Test
  void saysThatTheKernelHasNoDevice() {
    Path none = dir.resolve("liveupdate");
    assertThatThrownBy(() -> LiveUpdateDevice.open(none))
        .isInstanceOf(LinuxException.class)
        .hasMessage(
            "cannot open %s: ENOENT (the kernel has no Live Update Orchestrator, or liveupdate=on is not on its command line)"
                .formatted(none));
  }

  @Test
  void namesWhatFailedOnAFileThatIsNoDevice() throws IOException {
    Path file = Files.createFile(dir.resolve("liveupdate"));
    try (LiveUpdateDevice device = LiveUpdateDevice.open(file)) {
      assertThatThrownBy(() -> device.create("vm"))
          .isInstanceOf(LinuxException.class)
          .hasMessage("cannot create session \"vm\": ENOTTY (the file does not have this ioctl)");
      assertThatThrownBy(() -> device.retrieve("vm"))
          .hasMessage("cannot retrieve session \"vm\": ENOTTY (the file does not have this ioctl)");
      try (LiveUpdateSession session =
              new LiveUpdateSession("vm", LinuxFile.open(file).descriptor());
          LinuxFile memory = LinuxFile.memory("vm", 4096, HugePages.NONE)) {
        assertThatThrownBy(() -> session.preserve(0x100, memory))
            .hasMessageStartingWith("cannot preserve memfd:vm in session vm under token 0x100: ");
        assertThatThrownBy(() -> session.retrieve(0x100))
            .hasMessageStartingWith("cannot retrieve token 0x100 of session vm: ");
        assertThatThrownBy(session::finish).hasMessageStartingWith("cannot finish session vm: ");
        assertThatThrownBy(session::name)
            .hasMessageEndingWith(
                "ENOTTY (the kernel is older than Linux 7.2, or this is no session)");
        memory.close();
        assertThatThrownBy(() -> session.preserve(0x100, memory))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("memfd:vm is closed");
      }
    }
  }

  @Test
  void refusesNamesThatNoSessionCanHave() throws IOException {
    Path file = Files.createFile(dir.resolve("liveupdate"));
    try (LiveUpdateDevice device = LiveUpdateDevice.open(file)) {
      for (String name : new String[] {"", "x".repeat(64), "ä".repeat(32), "a\0b", "\ud800"}) {
        assertThatThrownBy(() -> device.create(name))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("is no name of a session");
      }
    }
  }

  @Test
  void laysArgumentsOutAsTheKernelReadsThem() {
    try (Arena arena = Arena.ofConfined()) {
      LiveUpdateArgument session = LiveUpdateArgument.session(arena, "x".repeat(63));
      assertThat(session.bytes().byteSize()).isEqualTo(72);
      assertThat(session.bytes().get(ValueLayout.JAVA_INT, 0)).isEqualTo(72);
      assertThat(session.name()).isEqualTo("x".repeat(63));
      LiveUpdateArgument file = LiveUpdateArgument.descriptor(arena, 7, -2);
      assertThat(file.bytes().toArray(ValueLayout.JAVA_INT)).containsExactly(16, 7, -2, -1);
      assertThat(LiveUpdateArgument.finish(arena).bytes().toArray(ValueLayout.JAVA_INT))
          .containsExactly(8, 0);
    }
  }
}
