package org.kho4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class NotifySocketTest {

  @TempDir Path dir;

  private static NotifySocket open(String address) throws IOException {
    return NotifySocket.open(Map.of("NOTIFY_SOCKET", address, "FDSTORE", "8")).orElseThrow();
  }

  private String path() {
    return dir.resolve("notify").toString();
  }

  @Test
  void reportsStateToASocketWithAPath() throws IOException {
    try (NotifyReceiver systemd = new NotifyReceiver(path());
        NotifySocket socket = open(path())) {
      assertThat(socket.storeMax()).isEqualTo(8);
      socket.ready();
      socket.stopping();
      socket.status("10 regions");
      socket.remove("orders.1");

      assertThat(systemd.receive().text()).isEqualTo("READY=1");
      assertThat(systemd.receive().text()).isEqualTo("STOPPING=1");
      assertThat(systemd.receive().text()).isEqualTo("STATUS=10 regions");
      assertThat(systemd.receive().text()).isEqualTo("FDSTOREREMOVE=1\nFDNAME=orders.1");
    }
  }

  /** The kernel's queue has room for a few messages (net.unix.max_dgram_qlen). */
  @Test
  @Timeout(60)
  void aManagerThatDoesNotReadHangsNobody() throws IOException {
    try (NotifyReceiver systemd = new NotifyReceiver(path());
        NotifySocket socket = open(path())) {
      socket.boundSends(1000);
      assertThatThrownBy(
              () -> {
                while (true) {
                  socket.ready();
                }
              })
          .isInstanceOf(LinuxException.class)
          .hasMessageContaining("EAGAIN")
          .hasMessageContaining("the service manager does not read its messages");
      assertThat(systemd.receive().text()).isEqualTo("READY=1");
      socket.ready();
    }
  }

  @Test
  void storesTheVeryFileThroughAnAbstractSocket() throws IOException {
    String address = "@kho4j/" + UUID.randomUUID();
    try (NotifyReceiver systemd = new NotifyReceiver(address);
        NotifySocket socket = open(address);
        LinuxFile memory = LinuxFile.memory("stored", 4096, HugePages.NONE)) {
      socket.store("orders", memory);

      NotifyReceiver.Message message = systemd.receive();
      assertThat(message.text()).isEqualTo("FDSTORE=1\nFDNAME=orders\nFDPOLL=0");
      assertThat(message.files()).hasSize(1);
      try (LinuxFile received = message.files().getFirst()) {
        assertThat(received.descriptor()).isNotEqualTo(memory.descriptor());
        assertThat(received.inode()).isEqualTo(memory.inode());
        memory.truncate(8192);
        assertThat(received.size()).isEqualTo(8192);
      }
    }
  }

  @Test
  void takesTheLongestAddresses() throws IOException {
    String longest = "@" + (UUID.randomUUID() + "x".repeat(107)).substring(0, 107);
    try (NotifyReceiver systemd = new NotifyReceiver(longest);
        NotifySocket socket = open(longest)) {
      socket.ready();
      assertThat(systemd.receive().text()).isEqualTo("READY=1");
    }
    assertThatThrownBy(() -> open(longest + "x"))
        .isInstanceOf(LinuxException.class)
        .hasMessageEndingWith("EINVAL (a socket's name has 2 to 108 bytes)");
    assertThatThrownBy(() -> open("/" + "x".repeat(107)))
        .isInstanceOf(LinuxException.class)
        .hasMessageEndingWith("EINVAL (a socket's name has 2 to 107 bytes)");
  }

  @Test
  void isAbsentWithoutAServiceManager() throws IOException {
    assertThat(NotifySocket.open(Map.of())).isEmpty();
    assertThat(NotifySocket.open(Map.of("NOTIFY_SOCKET", ""))).isEmpty();
  }

  @Test
  void refusesAnAddressThatIsNoUnixSocket() {
    assertThatThrownBy(() -> open("vsock:2:1234"))
        .isInstanceOf(LinuxException.class)
        .hasMessage(
            "cannot use NOTIFY_SOCKET=vsock:2:1234: EINVAL (it is neither a path nor an abstract"
                + " name, which begins with @)");
  }

  @Test
  void namesASocketThatNobodyReads() throws IOException {
    String address = path();
    try (NotifySocket socket = open(address)) {
      assertThatThrownBy(socket::ready)
          .isInstanceOf(LinuxException.class)
          .hasMessage(
              "cannot send READY=1 to %s: ENOENT (there is no such socket)".formatted(address));
      new NotifyReceiver(address).close();
      assertThatThrownBy(socket::ready)
          .hasMessageContaining("ECONNREFUSED (no process receives there");
    }
  }

  @Test
  void storesNothingInAUnitWithoutAStore() throws IOException {
    try (NotifyReceiver systemd = new NotifyReceiver(path());
        LinuxFile memory = LinuxFile.memory("unstored", 4096, HugePages.NONE)) {
      for (Map<String, String> environment :
          java.util.List.of(
              Map.of("NOTIFY_SOCKET", path()), Map.of("NOTIFY_SOCKET", path(), "FDSTORE", "0"))) {
        try (NotifySocket socket = NotifySocket.open(environment).orElseThrow()) {
          assertThat(socket.hasStore()).isFalse();
          assertThat(socket.storeMax()).isZero();
          assertThatThrownBy(() -> socket.store("orders", memory))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("its unit needs FileDescriptorStoreMax=");
          socket.ready();
          assertThat(systemd.receive().text()).isEqualTo("READY=1");
        }
      }
    }
  }

  @Test
  void storesNoClosedDescriptor() throws IOException {
    LinuxFile memory = LinuxFile.memory("closed", 4096, HugePages.NONE);
    memory.close();
    try (NotifySocket socket = open(path())) {
      assertThatThrownBy(() -> socket.store("orders", memory))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("memfd:closed is closed");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a:b", "line\nbreak", "tab\t", "käse", "del\u007f"})
  void refusesNamesThatSystemdReplaces(String name) {
    assertThatThrownBy(() -> NotifySocket.checkName(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is no name of a descriptor");
  }

  @Test
  void takesNamesAsLongAsSystemdDoes() {
    NotifySocket.checkName("~ an ordinary name ".repeat(20).substring(0, 255));
    assertThatThrownBy(() -> NotifySocket.checkName("x".repeat(256)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void countsWhatSystemdKeeps() throws IOException {
    String address = "@kho4j/" + UUID.randomUUID();
    try (NotifyReceiver systemd = new NotifyReceiver(address);
        NotifySocket socket =
            NotifySocket.open(Map.of("NOTIFY_SOCKET", address, "FDSTORE", "2")).orElseThrow();
        LinuxFile memory = LinuxFile.memory("stored", 4096, HugePages.NONE)) {
      List<ListenFds.Received> received = List.of(new ListenFds.Received("other.1", memory));
      assertThat(socket.hasRoomBeside(received)).isTrue();
      socket.store("orders.1", memory);
      assertThat(socket.hasRoomBeside(List.of())).isTrue();
      assertThat(socket.hasRoomBeside(received)).isFalse();
      socket.remove("other.1");
      assertThat(socket.hasRoomBeside(received)).isTrue();
      socket.store("orders.2", memory);
      assertThat(socket.hasRoomBeside(received)).isFalse();
      socket.remove("orders.1");
      assertThat(socket.hasRoomBeside(received)).isTrue();
      for (int message = 0; message < 4; message++) {
        systemd.receive().files().forEach(LinuxFile::close);
      }
    }
  }

  /** OpenFile=, ListenFIFO= and ListenSpecial= pass files that a directory has. */
  @Test
  void countsNoFileOfADirectoryAsStored() throws IOException {
    LinuxFile memory = LinuxFile.memory("stored", 4096, HugePages.NONE);
    try (NotifySocket socket =
            NotifySocket.open(Map.of("NOTIFY_SOCKET", path(), "FDSTORE", "1")).orElseThrow();
        LinuxFile opened = LinuxFile.create(dir.resolve("opened"), 4096)) {
      assertThat(socket.hasRoomBeside(List.of(new ListenFds.Received("opened", opened)))).isTrue();
      List<ListenFds.Received> stored = List.of(new ListenFds.Received("orders.1", memory));
      assertThat(socket.hasRoomBeside(stored)).isFalse();
      memory.close();
      assertThat(socket.hasRoomBeside(stored)).isFalse();
    }
  }

  @Test
  void waitsUntilTheReceiverHasClosedTheBarrier() throws Exception {
    try (NotifyReceiver systemd = new NotifyReceiver(path());
        NotifySocket socket = open(path())) {
      CompletableFuture<Void> barrier =
          CompletableFuture.runAsync(() -> {
            try {
              socket.barrier(Duration.ofMinutes(1));
            } catch (LinuxException e) {
              throw new java.util.concurrent.CompletionException(e);
            }
          });
      NotifyReceiver.Message message = systemd.receive();
      assertThat(message.text()).isEqualTo("BARRIER=1");
      assertThat(message.files()).hasSize(1);
      assertThat(barrier).isNotDone();

      message.files().getFirst().close();

      barrier.get();
    }
  }

  @Test
  void reportsABarrierThatNobodyCloses() throws IOException {
    try (NotifyReceiver systemd = new NotifyReceiver(path());
        NotifySocket socket = open(path())) {
      assertThatThrownBy(() -> socket.barrier(Duration.ofMillis(1)))
          .isInstanceOf(LinuxException.class)
          .hasMessage("cannot wait for %s: ETIMEDOUT (timed out)".formatted(path()));
      assertThat(systemd.receive().text()).isEqualTo("BARRIER=1");
    }
  }
}
