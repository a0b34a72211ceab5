package org.kho4j.warm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.kho4j.linux.HugePages;
import org.kho4j.linux.LinuxException;
import org.kho4j.linux.LinuxFile;
import org.kho4j.linux.ListenFds;
import org.kho4j.linux.NotifySocket;
import org.kho4j.linux.Seal;

@EnabledOnOs(OS.LINUX)
class SystemdStoreTest {

  private static final WarmOptions OPTIONS = WarmOptions.of("orders", 4L << 20);

  private final List<LinuxFile> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(LinuxFile::close);
  }

  private ListenFds.Received received(String name, LinuxFile file) {
    opened.add(file);
    return new ListenFds.Received(name, file);
  }

  private static LinuxFile memoryWith(long value, int commits) throws IOException {
    return memoryWith(OPTIONS, value, commits);
  }

  private static LinuxFile memoryWith(WarmOptions options, long value, int commits)
      throws IOException {
    LinuxFile file = StoreFiles.createInMemory(options);
    WarmStore store = StoreFiles.attach(file.reopen(), options);
    store.allocate("value", 8).segment().set(JAVA_LONG, 0, value);
    for (int i = 0; i < commits; i++) {
      store.commit();
    }
    store.close();
    return file;
  }

  private static long valueIn(WarmStore store) {
    return store.region("value").orElseThrow().segment().get(JAVA_LONG, 0);
  }

  @Test
  void isSealedAgainstShrinkingAndGrowing() throws IOException {
    LinuxFile file = StoreFiles.createInMemory(OPTIONS);
    opened.add(file);
    assertThat(file.seals()).contains(Seal.SHRINK, Seal.GROW).doesNotContain(Seal.WRITE);
    assertThat(file.allocatedBytes()).isGreaterThanOrEqualTo(OPTIONS.size());
    assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(LinuxException.class);
  }

  @Test
  void opensTheHighestGenerationOfSeveral() throws IOException {
    SystemdStore.Found found =
        SystemdStore.find(
            List.of(
                received("orders.1", memoryWith(1, 1)),
                received("http", LinuxFile.memory("other", 10, HugePages.NONE)),
                received("orders.2", memoryWith(2, 5)),
                received("orders.3", memoryWith(3, 2))),
            OPTIONS);
    try (WarmStore store = found.store().orElseThrow()) {
      assertThat(valueIn(store)).isEqualTo(2);
    }
    assertThat(found.superseded()).containsExactlyInAnyOrder("orders.1", "orders.3");
    assertThat(found.nextNumber()).isEqualTo(4);
  }

  @Test
  void keepsASupersededStoreThatHasTheNameOfTheOneItOpens() throws IOException {
    SystemdStore.Found found =
        SystemdStore.find(
            List.of(received("orders.1", memoryWith(1, 1)), received("orders.1", memoryWith(2, 5))),
            OPTIONS);
    try (WarmStore store = found.store().orElseThrow()) {
      assertThat(valueIn(store)).isEqualTo(2);
    }
    assertThat(found.superseded()).isEmpty();
  }

  /** A superseded store's memory is free when systemd and this process have closed it. */
  @Test
  void closesTheDescriptorsOfItsName() throws IOException {
    LinuxFile own = memoryWith(1, 1);
    LinuxFile other = memoryWith(2, 1);
    SystemdStore.closeThoseOf(
        "orders", List.of(received("orders.1", own), received("http", other)));

    assertThatThrownBy(own::size).hasMessageEndingWith("is closed");
    assertThat(other.size()).isEqualTo(OPTIONS.size());
  }

  /** systemd passes what it keeps only to a process that it starts. */
  @Test
  void isOpenedOncePerProcess() throws IOException {
    List<String> passed = List.of("orders.2", "orders", "orders.old.1");
    SystemdStore.requireNotPassed(passed, "other");
    assertThatThrownBy(() -> SystemdStore.requireNotPassed(passed, "orders"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("store \"orders\": this process has already passed it to systemd");

    LinuxFile file = memoryWith(1, 1);
    List<ListenFds.Received> kept = List.of(received("orders.1", file));
    SystemdStore.find(kept, OPTIONS).store().orElseThrow().close();
    SystemdStore.closeThoseOf("orders", kept);
    assertThatThrownBy(() -> SystemdStore.find(kept, OPTIONS))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith(" is closed");
  }

  @Test
  void passesOverAStoreThatIsDamaged() throws IOException {
    LinuxFile damaged = memoryWith(9, 7);
    try (FileChannel channel =
        FileChannel.open(
            Path.of("/proc/self/fd/" + damaged.descriptor()), StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1}), StoreLayout.NAME_AT);
    }
    SystemdStore.Found found =
        SystemdStore.find(
            List.of(received("orders.1", memoryWith(1, 1)), received("orders.2", damaged)),
            OPTIONS);
    try (WarmStore store = found.store().orElseThrow()) {
      assertThat(valueIn(store)).isEqualTo(1);
    }
    assertThat(found.superseded()).as("what is damaged stays").isEmpty();

    assertThatThrownBy(() -> SystemdStore.find(List.of(received("orders.2", damaged)), OPTIONS))
        .isInstanceOf(WarmException.class)
        .hasMessageContaining("the first page's checksum is");
    SystemdStore.Found fresh =
        SystemdStore.find(List.of(received("orders.2", damaged)), OPTIONS.settingAside());
    assertThat(fresh.store()).isEmpty();
    assertThat(fresh.nextNumber()).isEqualTo(3);
    WarmStore.SetAside refused = fresh.refused().orElseThrow();
    assertThat(refused.path()).isEqualTo(Path.of("memfd:orders.2"));
    assertThat(refused.reason().reason()).isEqualTo(WarmException.Reason.DAMAGED);
  }

  @Test
  void passesOverWhatIsNotWritable() throws IOException {
    LinuxFile sealed = memoryWith(9, 7);
    sealed.seal(Set.of(Seal.WRITE));
    List<ListenFds.Received> received =
        List.of(received("orders.1", sealed), received("orders.2", memoryWith(1, 1)));
    try (WarmStore store = SystemdStore.find(received, OPTIONS).store().orElseThrow()) {
      assertThat(valueIn(store)).isEqualTo(1);
    }
    assertThatThrownBy(() -> SystemdStore.find(List.of(received.getFirst()), OPTIONS))
        .isInstanceOf(WarmException.class)
        .hasMessageContaining("EPERM");
  }

  /** A service that goes back to its former version, and forth again, finds both stores. */
  @Test
  void keepsStoresOfAnotherSchema() throws IOException {
    WarmOptions newer = OPTIONS.withSchema(4);
    LinuxFile before = memoryWith(1, 1);
    LinuxFile since = memoryWith(newer, 2, 5);
    List<ListenFds.Received> kept =
        List.of(received("orders.1", before), received("orders.2", since));

    SystemdStore.Found back = SystemdStore.find(kept, OPTIONS.settingAside());
    try (WarmStore store = back.store().orElseThrow()) {
      assertThat(valueIn(store)).isEqualTo(1);
    }
    assertThat(back.superseded()).isEmpty();

    SystemdStore.Found forth = SystemdStore.find(kept, newer.settingAside());
    try (WarmStore store = forth.store().orElseThrow()) {
      assertThat(valueIn(store)).isEqualTo(2);
    }
    assertThat(forth.superseded()).isEmpty();
  }

  /** A service for which systemd keeps one descriptor, of another name. */
  static final class ServiceWithoutRoom {

    private ServiceWithoutRoom() {}

    public static void main(String[] arguments) throws IOException {
      try (NotifySocket systemd = NotifySocket.open().orElseThrow();
          LinuxFile other = LinuxFile.memory("other", 4096, HugePages.NONE)) {
        SystemdStore.open(List.of(new ListenFds.Received("other.1", other)), systemd, OPTIONS);
      } catch (WarmException e) {
        System.out.print(e.reason() + ": " + e.getMessage());
      }
    }
  }

  @Test
  void createsNoStoreThatSystemdWouldDrop() throws Exception {
    ProcessBuilder service =
        new ProcessBuilder(
            ProcessHandle.current().info().command().orElseThrow(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            String.join(File.pathSeparator, KilledProgram.classPath()),
            ServiceWithoutRoom.class.getName());
    service.environment().put("NOTIFY_SOCKET", "@kho4j/nobody-listens");
    service.environment().put("FDSTORE", "1");
    for (String options : List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")) {
      service.environment().remove(options); // Java reports them.
    }
    Process process = service.redirectErrorStream(true).start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine())
          .startsWith(
              "ROOM: systemd keeps at most 1 descriptors for this service, and has as many");
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void hasALockThatSystemdDoesNotShare() throws IOException {
    LinuxFile kept = memoryWith(1, 1);
    WarmStore first =
        SystemdStore.find(List.of(received("orders.1", kept)), OPTIONS).store().orElseThrow();
    assertThatThrownBy(() -> SystemdStore.find(List.of(received("orders.1", kept)), OPTIONS))
        .isInstanceOfSatisfying(
            WarmException.class,
            e -> assertThat(e.reason()).isEqualTo(WarmException.Reason.LOCKED));
    first.close();
    SystemdStore.find(List.of(received("orders.1", kept)), OPTIONS).store().orElseThrow().close();
  }

  @Test
  void sealsAMemoryFileWithoutSeals() throws IOException {
    LinuxFile unsealed = unsealedMemoryWith(1, 1);
    try (WarmStore store =
        SystemdStore.find(List.of(received("orders.1", unsealed)), OPTIONS).store().orElseThrow()) {
      assertThat(valueIn(store)).isEqualTo(1);
      assertThat(unsealed.seals()).containsAll(EnumSet.of(Seal.SHRINK, Seal.GROW));
    }
  }

  /** As a kernel of memfd-v1 hands them over. */
  @Test
  void opensAMemoryFileThatCannotBeSealed() throws IOException {
    LinuxFile unsealed = unsealedMemoryWith(1, 1);
    unsealed.seal(Set.of(Seal.SEAL));
    try (WarmStore store =
        SystemdStore.find(List.of(received("orders.1", unsealed)), OPTIONS).store().orElseThrow()) {
      assertThat(valueIn(store)).isEqualTo(1);
      assertThat(unsealed.seals()).containsExactly(Seal.SEAL);
    }
  }

  private LinuxFile unsealedMemoryWith(long value, int commits) throws IOException {
    LinuxFile sealed = memoryWith(value, commits);
    LinuxFile unsealed = LinuxFile.memory("unsealed", OPTIONS.size(), HugePages.NONE);
    opened.add(sealed);
    try (FileChannel from =
            FileChannel.open(
                Path.of("/proc/self/fd/" + sealed.descriptor()), StandardOpenOption.READ);
        FileChannel to =
            FileChannel.open(
                Path.of("/proc/self/fd/" + unsealed.descriptor()), StandardOpenOption.WRITE)) {
      from.transferTo(0, OPTIONS.size(), to);
    }
    assertThat(unsealed.seals()).isEmpty();
    return unsealed;
  }
}
