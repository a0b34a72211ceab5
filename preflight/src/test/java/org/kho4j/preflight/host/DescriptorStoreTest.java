package org.kho4j.preflight.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.preflight.host.HostStatus.Given;
import org.kho4j.preflight.host.HostStatus.State;
import org.kho4j.preflight.host.HostStatus.Switch;

class DescriptorStoreTest {

  /** In the form of systemd 262. */
  private static final String SHOWN =
      """
      FileDescriptorStorePreserve=restart
      Id=systemd-logind.service
      NFileDescriptorStore=2

      FileDescriptorStorePreserve=restart
      Id=dbus.service
      NFileDescriptorStore=0

      FileDescriptorStorePreserve=restart
      Id=forgetful.service
      NFileDescriptorStore=2

      FileDescriptorStorePreserve=yes
      Id=warm-cache.service
      NFileDescriptorStore=1
      """;

  private static final DescriptorStore FORGETFUL =
      new DescriptorStore("forgetful.service", 2, false);
  private static final DescriptorStore CACHE = new DescriptorStore("warm-cache.service", 1, true);

  @Test
  void readsTheStoresThatAreNotEmptyAndNotOfSystemdItself() {
    assertThat(DescriptorStore.parse(SHOWN)).containsExactly(FORGETFUL, CACHE);
  }

  @Test
  void readsNothingWhereSystemctlShowsNothingOfTheKind() {
    assertThat(DescriptorStore.parse("")).isEmpty();
    assertThat(DescriptorStore.parse("NFileDescriptorStore=[not set]\n\nNFileDescriptorStore=-1"))
        .isEmpty();
    assertThat(DescriptorStore.parse("NFileDescriptorStore=99999999999999")).isEmpty();
  }

  @Test
  void theSystemdOfThisMachineIsNotAskedAboutAnotherHost(@TempDir Path root) {
    assertThat(DescriptorStore.read(root)).isEmpty();
  }

  @Test
  void aStoreThatAStopClosesIsAWarning() {
    List<HostWarning> warnings = HostWarning.of(host(List.of(FORGETFUL, CACHE)));
    assertThat(warnings)
        .singleElement()
        .satisfies(warning -> {
          assertThat(warning.sentence()).contains("forgetful.service", "the state is lost");
          assertThat(warning.remedy()).contains("FileDescriptorStorePreserve=yes");
        });
  }

  private static HostStatus host(List<DescriptorStore> stores) {
    Switch on = new Switch(State.ON, "test");
    return new HostStatus(
        Optional.of("7.3.4"),
        on,
        on,
        new Given(Optional.empty(), false, Optional.empty(), Optional.empty()),
        Optional.empty(),
        OptionalLong.empty(),
        Optional.empty(),
        new LiveUpdateUse(List.of(), List.of(), 0, true),
        OptionalInt.of(262),
        Optional.of(stores),
        List.of());
  }
}
