package org.kho4j.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class ListenFdsTest {

  private static final long PID = ProcessHandle.current().pid();

  /**
   * A service in a JVM of its own. The first time it makes a memory file, writes 42 and stores it;
   * later times it finds it and adds 1.
   */
  public static final class Service {

    public static void main(String[] arguments) throws IOException {
      List<ListenFds.Received> received = ListenFds.take();
      NotifySocket systemd = NotifySocket.open().orElseThrow();
      if (received.isEmpty()) {
        LinuxFile memory = LinuxFile.memory("counter", 4096, HugePages.NONE);
        put(memory, 42);
        systemd.store("counter", memory);
      } else {
        LinuxFile memory = (LinuxFile) received.getFirst().descriptor();
        put(memory, get(memory) + 1);
        System.out.println(received.getFirst().name() + " of " + received.size());
      }
      systemd.ready();
      Runtime.getRuntime().halt(9);
    }
  }

  private static void put(LinuxFile file, int value) throws IOException {
    try (FileChannel channel = channel(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(4).putInt(0, value), 0);
    }
  }

  private static int get(LinuxFile file) throws IOException {
    try (FileChannel channel = channel(file, StandardOpenOption.READ)) {
      ByteBuffer value = ByteBuffer.allocate(4);
      channel.read(value, 0);
      return value.getInt(0);
    }
  }

  private static FileChannel channel(LinuxFile file, StandardOpenOption option) throws IOException {
    return FileChannel.open(Path.of("/proc/self/fd/" + file.descriptor()), option);
  }

  /** Where a process of its own finds the classes, on whatever path this one has them. */
  private static String classPath(Class<?> program) {
    String file = "/" + program.getName().replace('.', '/') + ".class";
    String found = String.valueOf(program.getResource(file));
    String root = URI.create(found.substring(0, found.length() - file.length() + 1)).getPath();
    return String.join(
        ":",
        root,
        System.getProperty("java.class.path"),
        System.getProperty("jdk.module.path", ""));
  }

  /** Plays systemd's part: starts the service with descriptors of its store, as 3 and up. */
  private static Process start(String address, Map<String, LinuxFile> store) throws IOException {
    return start(address, store, store.size());
  }

  private static Process start(String address, Map<String, LinuxFile> store, int promised)
      throws IOException {
    StringBuilder script = new StringBuilder("export LISTEN_PID=$$; exec \"$@\"");
    int fd = 3;
    for (LinuxFile file : store.values()) {
      script.append(" %d<>/proc/%d/fd/%d".formatted(fd++, PID, file.descriptor()));
    }
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", script.toString(), "sh"));
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classPath(Service.class),
            Service.class.getName()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("NOTIFY_SOCKET", address);
    builder.environment().put("FDSTORE", "8");
    if (!store.isEmpty()) {
      builder.environment().put("LISTEN_FDS", Integer.toString(promised));
      builder.environment().put("LISTEN_FDNAMES", String.join(":", store.keySet()));
    }
    return builder.start();
  }

  @Test
  void bringsMemoryOverTheDeathOfItsProcess() throws Exception {
    String address = "@kho4j/" + UUID.randomUUID();
    Map<String, LinuxFile> store = new LinkedHashMap<>();
    try (NotifyReceiver systemd = new NotifyReceiver(address)) {
      Process first = start(address, store);
      NotifyReceiver.Message stored = systemd.receive();
      assertThat(stored.text()).startsWith("FDSTORE=1\nFDNAME=counter");
      store.put("counter", stored.files().getFirst());
      assertThat(systemd.receive().text()).isEqualTo("READY=1");
      assertThat(first.waitFor()).isEqualTo(9);

      Process second = start(address, store);
      assertThat(systemd.receive().text()).isEqualTo("READY=1");
      assertThat(new String(second.getInputStream().readAllBytes(), UTF_8).strip())
          .isEqualTo("counter of 1");

      assertThat(get(store.get("counter"))).isEqualTo(43);
    } finally {
      store.values().forEach(LinuxFile::close);
    }
  }

  @Test
  void areTakenOnce() throws IOException {
    assertThat(ListenFds.take()).isEmpty();
    assertThatThrownBy(ListenFds::take)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the descriptors from systemd were already taken");
  }

  @Test
  void areNotThoseOfAnotherProcess() throws IOException {
    assertThat(ListenFds.take(Map.of("LISTEN_FDS", "1"), PID)).isEmpty();
    assertThat(ListenFds.take(Map.of("LISTEN_FDS", "1", "LISTEN_PID", "" + (PID + 1)), PID))
        .isEmpty();
    String other = Long.toUnsignedString(ListenFds.pidfdId((int) PID) + 1);
    assertThat(
            ListenFds.take(
                Map.of("LISTEN_FDS", "1", "LISTEN_PID", "" + PID, "LISTEN_PIDFDID", other), PID))
        .isEmpty();
  }

  @Test
  void areThoseOfAProcessThatIsNamedByItsPidfd() throws IOException {
    String own = Long.toUnsignedString(ListenFds.pidfdId((int) PID));
    Map<String, String> environment =
        Map.of("LISTEN_FDS", "0", "LISTEN_PID", "" + PID, "LISTEN_PIDFDID", own);
    assertThat(ListenFds.take(environment, PID)).isEmpty();
    assertThatThrownBy(() ->
            ListenFds.take(
                Map.of("LISTEN_FDS", "1000000", "LISTEN_PID", "" + PID, "LISTEN_PIDFDID", own),
                PID))
        .isInstanceOf(LinuxException.class)
        .hasMessageMatching(
            "cannot take descriptor \\d+, which LISTEN_FDS promises as \"unknown\": EBADF"
                + " \\((bad file descriptor|it is /.*, which was not inherited)\\)");
  }

  /** Their owner would close them. */
  @Test
  void areNoFilesOfTheJvm() throws Exception {
    try (LinuxFile counter = LinuxFile.memory("counter", 4096, HugePages.NONE)) {
      Process service = start("@kho4j/nobody", Map.of("counter", counter), 2);
      String printed = new String(service.getInputStream().readAllBytes(), UTF_8);
      assertThat(service.waitFor()).isEqualTo(1);
      assertThat(printed)
          .contains("cannot take descriptor 4, which LISTEN_FDS promises as \"unknown\"")
          .contains("which was not inherited");
    }
  }

  @Test
  void areRefusedWhenTheirNumberIsNone() {
    for (String count : List.of("x", "-1", "2147483647")) {
      assertThatThrownBy(
              () -> ListenFds.take(Map.of("LISTEN_FDS", count, "LISTEN_PID", "" + PID), PID))
          .isInstanceOf(LinuxException.class)
          .hasMessage(
              "cannot use LISTEN_FDS=%s: EINVAL (it is no number of descriptors)".formatted(count));
    }
  }
}
