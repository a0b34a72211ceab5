package org.kho4j.preflight.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootEntriesTest {

  private static final String VARIABLE = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

  @TempDir private Path root;

  private void put(String place, String content) throws IOException {
    put(place, content.getBytes(StandardCharsets.UTF_8));
  }

  private void put(String place, byte[] content) throws IOException {
    Path file = root.resolve(place);
    Files.createDirectories(file.getParent());
    Files.write(file, content);
  }

  private void entry(String partition, String id, String more) throws IOException {
    put(partition + "/loader/entries/" + id + ".conf", "title  T\nlinux /vm-" + id + "\n" + more);
    put(partition + "/vm-" + id, "kernel");
  }

  private void variable(String name, String value) throws IOException {
    put(
        "sys/firmware/efi/efivars/" + name + VARIABLE,
        ("\0\0" + value + "\0").getBytes(StandardCharsets.UTF_16LE));
  }

  private String chosen() throws IOException {
    return BootEntries.next(root).id();
  }

  @Test
  void hasKernelOptionsAndAllInitrds() throws IOException {
    entry(
        "boot", "a", "# initrd /none\ninitrd /one\ninitrd /sub/two\noptions kho=on\noptions quiet");
    put("boot/one", "12345");
    put("boot/sub/two", "678");

    BootEntry next = BootEntries.next(root);

    assertThat(next.kernel()).isEqualTo(root.resolve("boot/vm-a"));
    assertThat(next.options()).contains("kho=on quiet");
    assertThat(next.initrdBytes()).contains(8L);
    assertThat(next.notes())
        .anyMatch(note ->
            note.contains("boot entry " + root + "/boot/loader/entries/a.conf: the first of 1"))
        .anyMatch(note -> note.contains("2 initrds, with which systemctl kexec refuses it"));
  }

  @Test
  void noLinkLeadsOutOfTheRoot(@TempDir Path elsewhere) throws IOException {
    Path kernel = Files.writeString(elsewhere.resolve("kernel"), "kernel");
    Path entry = Files.writeString(elsewhere.resolve("z.conf"), "linux /vm-a\n");
    entry("boot", "a", "");
    Files.createSymbolicLink(root.resolve("boot/loader/entries/z.conf"), entry);
    assertThat(chosen()).isEqualTo("a.conf");

    Files.delete(root.resolve("boot/vm-a"));
    Files.createSymbolicLink(root.resolve("boot/vm-a"), kernel);
    assertThatThrownBy(this::chosen)
        .isInstanceOf(IOException.class)
        .hasMessage(
            "%s: names %s, a symbolic link that leads out of %s",
            root.resolve("boot/loader/entries/a.conf"), root.resolve("boot/vm-a"), root);

    Files.delete(root.resolve("boot/vm-a"));
    put("vm", "kernel");
    Files.createSymbolicLink(root.resolve("boot/vm-a"), Path.of("../vm"));
    assertThat(chosen()).isEqualTo("a.conf");
  }

  /** As systemctl 262 does. */
  @Test
  void aHostsOwnEntriesReplaceThoseOfThePartitions() throws IOException {
    entry("boot", "b", "");
    put("boot/loader/loader.conf", "default b.conf\n");
    assertThat(chosen()).isEqualTo("b.conf");
    entry("run/boot-loader-entries", "a", "");
    assertThat(chosen()).isEqualTo("a.conf");
  }

  /** As systemctl 262 does. */
  @Test
  void onlyTheFirstConfigurationCounts() throws IOException {
    entry("efi", "a", "");
    entry("boot", "b", "");
    put("boot/loader/loader.conf", "default a.conf\n");
    assertThat(chosen()).isEqualTo("a.conf");
    put("efi/loader/loader.conf", "timeout 3\n");
    assertThat(chosen()).isEqualTo("b.conf");
  }

  @Test
  void theNewestVersionIsFirst() throws IOException {
    entry("boot", "c", "sort-key x\nversion 7.3.4");
    entry("boot", "a", "sort-key x\nversion 7.3.10");
    entry("efi", "b", "sort-key x\nversion 7.3.9");
    assertThat(chosen()).isEqualTo("a.conf");
  }

  /** The UAPI group's specification, and boot_entry_compare of systemd. */
  @Test
  void machineAndVersionCountOnlyWithASortKey() throws IOException {
    entry("boot", "prod-7.3.9", "machine-id a\nversion 9");
    entry("boot", "prod-7.3.10", "machine-id b\nversion 1");
    entry("efi", "prod-7.3.4", "");
    assertThat(chosen()).isEqualTo("prod-7.3.10.conf");

    entry("boot", "host-2", "sort-key x\nmachine-id b\nversion 9");
    entry("boot", "host-1", "sort-key x\nmachine-id a\nversion 1");
    assertThat(chosen()).isEqualTo("host-1.conf");
  }

  @Test
  void aSortKeyIsBeforeAVersion() throws IOException {
    entry("boot", "new", "version 9");
    entry("boot", "debian", "sort-key debian\nversion 7");
    entry("boot", "debian-old", "sort-key debian\nversion 6");
    assertThat(chosen()).isEqualTo("debian.conf");
  }

  @Test
  void whatFailedIsLast() throws IOException {
    entry("boot", "b+0-3", "");
    entry("boot", "a+2-1", "");
    assertThat(chosen()).isEqualTo("a.conf");
  }

  @Test
  void theConfigurationNamesTheDefault() throws IOException {
    entry("boot/efi", "x-7.2", "version 7.2");
    entry("boot/efi", "x-7.3", "version 7.3");
    put("boot/efi/loader/loader.conf", "timeout 3\ndefault X-7.2*\n");
    assertThat(chosen()).isEqualTo("x-7.2.conf");
  }

  @Test
  void anEfiVariableIsBeforeTheConfiguration() throws IOException {
    entry("boot", "one", "");
    entry("boot", "two", "");
    put("boot/loader/loader.conf", "default one.conf");
    variable("LoaderEntryDefault", "two.conf");
    assertThat(chosen()).isEqualTo("two.conf");
    variable("LoaderEntryPreferred", "one.conf");
    assertThat(chosen()).isEqualTo("one.conf");
    variable("LoaderEntryOneShot", "TWO*");
    assertThat(chosen()).isEqualTo("two.conf");
  }

  /** As systemctl 262 does with the same files, also in the tests below. */
  @Test
  void whatIsPreferredIsBeforeTheDefault() throws IOException {
    entry("boot", "one", "");
    entry("boot", "two", "");
    put("boot/loader/loader.conf", "default two.conf\npreferred one.conf\n");
    assertThat(chosen()).isEqualTo("one.conf");
  }

  @Test
  void savedIsTheEntryThatTheBootLoaderStarted() throws IOException {
    entry("boot", "one", "");
    entry("boot", "two", "");
    variable("LoaderEntrySelected", "one.conf");
    variable("LoaderEntryDefault", "@saved");
    assertThat(chosen()).isEqualTo("one.conf");
    variable("LoaderEntryDefault", "@other");
    assertThat(chosen()).isEqualTo("two.conf");
    put("boot/loader/loader.conf", "default @SAVED");
    assertThat(chosen()).isEqualTo("one.conf");
  }

  @Test
  void aPatternIsForTheNameWithItsExtension() throws IOException {
    entry("boot", "one", "");
    entry("boot", "two", "");
    put("boot/loader/loader.conf", "default one");
    assertThat(chosen()).isEqualTo("two.conf");
  }

  @Test
  void ofTwoKernelsInAnEntryTheLastCounts() throws IOException {
    entry("boot", "one", "");
    entry("boot", "two", "linux /vm-one\n");
    assertThat(BootEntries.next(root).kernel()).isEqualTo(root.resolve("boot/vm-one"));
  }

  @Test
  void anEntryWithAnInvalidNameIsIgnored() throws IOException {
    entry("boot", "one", "");
    entry("boot", "two (copy)", "");
    assertThat(chosen()).isEqualTo("one.conf");
    entry("boot", "two@x", "");
    assertThat(chosen()).isEqualTo("two@x.conf");
  }

  @Test
  void aUnifiedImageIsAnEntry() throws IOException {
    put("efi/EFI/Linux/debian-7.3.efi", "uki");
    BootEntry next = BootEntries.next(root);
    assertThat(next.kernel()).isEqualTo(root.resolve("efi/EFI/Linux/debian-7.3.efi"));
    assertThat(next.options()).isEqualTo(Optional.empty());
  }

  @Test
  void aKernelThatIsLoadedIsNoted() throws IOException {
    entry("boot", "a", "");
    put("sys/kernel/kexec_loaded", "1\n");
    assertThat(BootEntries.next(root).notes()).anyMatch(note -> note.contains("already loaded"));
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    assertThatThrownBy(() -> BootEntries.next(root)).hasMessageContaining("there is no boot entry");
    put("boot/loader/entries/a.conf", "title nothing");
    assertThatThrownBy(() -> BootEntries.next(root))
        .hasMessageContaining("boot/loader/entries/a.conf: the boot entry names no kernel");
    put("boot/loader/entries/a.conf", "linux /gone");
    assertThatThrownBy(() -> BootEntries.next(root)).hasMessageContaining("there is no such file");
    put("boot/loader/entries/a.conf", "linux /../../etc/passwd");
    assertThatThrownBy(() -> BootEntries.next(root))
        .hasMessageContaining("leaves the boot partition");
  }

  @Test
  void versionsAreOrderedAsTheSpecificationHasIt() {
    List<String> sorted = new ArrayList<>(List.of("122.1", "123~rc1", "123", "123-a", "123^post"));
    List<String> oldestFirst = List.of("122.1", "123~rc1", "123", "123-a", "123^post");
    sorted.sort(VersionOrder.INSTANCE.reversed());
    assertThat(sorted.reversed()).isEqualTo(oldestFirst);
    assertThat(VersionOrder.INSTANCE.compare("11", "11")).isZero();
    assertThat(VersionOrder.INSTANCE.compare("systemd-123", "systemd-123")).isZero();
    assertThat(VersionOrder.INSTANCE.compare("bar-123", "foo-123")).isNegative();
    assertThat(VersionOrder.INSTANCE.compare("123a", "123")).isPositive();
    assertThat(VersionOrder.INSTANCE.compare("123.a", "123.b")).isNegative();
    assertThat(VersionOrder.INSTANCE.compare("11α", "11β")).isZero();
    assertThat(VersionOrder.INSTANCE.compare("123~rc1", "123")).isNegative();
    assertThat(VersionOrder.INSTANCE.compare("7.3.10", "7.3.9")).isPositive();
  }
}
