package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.cli.captures.HostRoot;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.boot.ChosenNode;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Hosts as the lab's guests of Linux 7.3.4 told of them, before and after a kexec. */
class StatusCommandTest {

  @TempDir Path root;

  private HostRoot recorded(String name) throws IOException {
    return new HostRoot(root).recorded(name);
  }

  private ConsoleOfATest status(int exit, String... more) {
    ConsoleOfATest pipe = ConsoleOfATest.pipe();
    String[] line =
        Stream.concat(Stream.of("status", "--root", root.toString()), Stream.of(more))
            .toArray(String[]::new);
    assertThat(new Kho(pipe.console, "").run(line)).as(pipe.err()).isEqualTo(exit);
    return pipe;
  }

  private JsonNode json(int exit) throws IOException {
    return new ObjectMapper().readTree(status(exit, "--json").out());
  }

  @Test
  void showsTheFirstGenerationWithItsSessions() throws IOException {
    recorded("linux-7.3.4-first");
    assertThat(status(1).out())
        .isEqualTo(
            """
            kernel    Linux 7.3.4
            KHO       on: %1$s/sys/kernel/debug/kho is there
            LUO       on: %1$s/sys/class/misc/liveupdate is there
            given     nothing: this kernel received no handover
            prepared  LUO, kexec-metadata, kho_test, memblock
            scratch   84 MiB in 3 regions, 16.9 %% of 495.8 MiB; the largest has 44 MiB: the next kernel has to fit into one region, and so has its initrd
            kexec     no kernel is loaded
            device    /dev/liveupdate is open in init (PID 30)
            sessions  2
                      "config" in init (PID 30)
                      "vm" in init (PID 30)
            not seen  /proc does not show the processes of the host (a copy of files, or a container with PIDs of its own); they may have sessions

            warning: session "config" is open only in init (PID 30): it is lost when this process ends, as during systemctl kexec
              do: give the descriptor to systemd (FDSTORE=1, FileDescriptorStorePreserve=yes), or keep the process until the kexec

            warning: session "vm" is open only in init (PID 30): it is lost when this process ends, as during systemctl kexec
              do: give the descriptor to systemd (FDSTORE=1, FileDescriptorStorePreserve=yes), or keep the process until the kexec
            """
                .formatted(root));
  }

  @Test
  void showsWhatTheSecondGenerationWasGiven() throws IOException {
    recorded("linux-7.3.4-second");
    assertThat(status(0).out())
        .contains("given     a handover of kho-v4 by Linux 7.3.4, kexec 1\n")
        .contains("sessions  no visible process has one open\n")
        .contains("device    no visible process has /dev/liveupdate open\n")
        .doesNotContain("warning");
    JsonNode json = json(0);
    assertThat(json.path("schema").asString()).isEqualTo("kho4j/status/1");
    JsonNode given = json.path("given");
    assertThat(given.path("handedOver").asBoolean()).isTrue();
    assertThat(given.path("previousRelease").asString()).isEqualTo("7.3.4");
    assertThat(given.path("kexecCount").asInt()).isEqualTo(1);
    assertThat(json.path("prepared").path("scratch").size()).isEqualTo(3);
  }

  /** As after "disabling KHO revival": the record is there, and debugfs has only out. */
  @Test
  void aHandoverThatTheKernelRefusedIsAWarning() throws IOException {
    recorded("linux-7.3.4-second");
    try (Stream<Path> in = Files.walk(root.resolve("sys/kernel/debug/kho/in"))) {
      for (Path file : in.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    assertThat(status(1).out())
        .contains("given     a handover that this kernel did not accept\n")
        .contains("warning: this kernel was given a handover and did not accept it");
    assertThat(json(1).path("given").path("refused").asBoolean()).isTrue();
  }

  /** Up to 7.0, where LUO does not do it at the jump. */
  @Test
  void aHandoverThatIsNotFinalizedIsAWarning() throws IOException {
    HostRoot host = recorded("linux-7.3.4-second").put("sys/kernel/debug/kho/out/finalize", "0\n");
    assertThat(status(0).out()).contains("memblock, not finalized\n");
    Path device = root.resolve("sys/class/misc/liveupdate");
    Files.move(device, device.resolveSibling("another"));
    assertThat(status(1).out()).contains("warning: the handover is not finalized (");
    assertThat(json(1).path("prepared").path("finalized").asBoolean(true)).isFalse();
    host.put("sys/kernel/debug/kho/out/finalize", "1\n");
    assertThat(status(1).out())
        .contains("memblock, finalized\n")
        .doesNotContain("the handover is not finalized");
  }

  /** As tar copies sysfs: with the length that its files claim. */
  @Test
  void aFileThatTarPaddedIsRead() throws IOException {
    HostRoot host = recorded("linux-7.3.4-second");
    host.put("sys/kernel/kexec/loaded", "1\n" + "\0".repeat(4094));
    assertThat(status(0).out()).contains("kexec     a kernel is loaded\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "yes\n"})
  void aStateOfKexecThatIsNoneIsUnknown(String text) throws IOException {
    HostRoot host = recorded("linux-7.3.4-second").put("sys/kernel/kexec_loaded", text);
    host.put("sys/kernel/kexec/loaded", text);
    assertThat(status(0).out()).doesNotContain("kernel is loaded");
    assertThat(json(0).has("kexecLoaded")).isFalse();
  }

  @Test
  void aKernelBeforeLuoIsNotToldToTurnItOn() throws IOException {
    HostRoot host = recorded("linux-7.3.4-second").put("proc/sys/kernel/osrelease", "6.18.3\n");
    Path device = root.resolve("sys/class/misc/liveupdate");
    Files.move(device, device.resolveSibling("another"));
    assertThat(status(1).out())
        .contains("LUO       not in this kernel: it has no device, and Linux has it since 6.19\n")
        .contains("do: boot a kernel with CONFIG_LIVEUPDATE (Linux 6.19 and later)")
        .doesNotContain("liveupdate=on");
    host.put("proc/sys/kernel/osrelease", "6.19.0\n");
    Files.delete(root.resolve("proc/cmdline"));
    assertThat(status(1).out())
        .contains("LUO       off: it has no device; the command line is unknown\n");
  }

  @Test
  void aLinkToTheDeviceIsEnough() throws IOException {
    recorded("linux-7.3.4-second");
    Path device = root.resolve("sys/class/misc/liveupdate");
    Files.move(device, root.resolve("sys/elsewhere"));
    Files.createSymbolicLink(device, Path.of("../../devices/virtual/misc/liveupdate"));
    assertThat(status(0).out()).contains("LUO       on: " + device + " is there\n");
  }

  /** PID 2 is the kernel's thread in the first PID namespace alone. */
  @Test
  void noSessionIsOpenWhereAllProcessesAreVisible() throws IOException {
    HostRoot host = recorded("linux-7.3.4-second").put("proc/2/comm", "kthreadd\n");
    Files.createDirectories(root.resolve("proc/1/fd"));
    assertThat(status(0).out()).contains("sessions  none is open\n").doesNotContain("not seen");
    host.put("proc/7/fd", "a file, as cp -L makes it");
    assertThat(status(0).out())
        .contains("sessions  no visible process has one open\n")
        .contains("not seen  processes whose descriptors are hidden from this user: 1;");
    host.put("proc/2/comm", "bash\n");
    assertThat(status(0).out()).contains("not seen  /proc does not show the processes of the host");
  }

  /** With ACPI, a kernel of arm64 has no unflattened tree. */
  @Test
  void theRecordOfArm64IsInTheFlattenedTreeToo() throws IOException {
    HostRoot host = recorded("linux-7.3.4-second");
    Files.move(root.resolve("sys/kernel/boot_params"), root.resolve("sys/kernel/other"));
    Files.move(root.resolve("sys/kernel/debug"), root.resolve("sys/kernel/other/debug"));
    assertThat(status(0).out()).contains("given     unknown\n");
    MemorySegment tree = ChosenNode.alone(new BootData(0x51000000, 4096, 0x50000000, 48));
    host.put("sys/firmware/fdt", tree.toArray(ValueLayout.JAVA_BYTE));
    assertThat(status(0).out()).contains("given     a handover\n");
    host.put("sys/firmware/fdt", "no tree");
    assertThat(status(0).out())
        .contains("given     unknown\n")
        .contains("not seen  " + root + "/sys/firmware/fdt: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sys/kernel/boot_params/setup_data/0/data",
        "sys/kernel/debug/kho/in/fdt",
        "sys/kernel/debug/kho/in/sub_fdts/kexec-metadata",
        "sys/kernel/debug/kho/out/scratch_phys",
        "proc/meminfo",
        "proc/cmdline",
        "proc/1/comm"
      })
  void anOddFileLeavesTheOtherRows(String place) throws IOException {
    recorded("linux-7.3.4-second");
    Files.deleteIfExists(root.resolve(place));
    Files.createDirectories(root.resolve(place));
    assertThat(status(0).out())
        .contains("not seen  " + root.resolve(place) + ": is no file")
        .contains("kexec     no kernel is loaded\n");
  }

  @Test
  void symbolsThatCannotBeReadLeaveTheStateOpen() throws IOException {
    recorded("linux-7.3.4-second");
    Files.createDirectories(root.resolve("proc/kallsyms"));
    Files.move(root.resolve("sys/kernel/debug"), root.resolve("sys/kernel/other"));
    Files.delete(root.resolve("sys/class/misc/liveupdate/dev"));
    Files.delete(root.resolve("sys/class/misc/liveupdate"));
    assertThat(status(1).out())
        .contains("KHO       unknown: a file that shows it cannot be read\n")
        .contains("not seen  " + root + "/proc/kallsyms: is no file\n");
  }

  @Test
  void jsonHasProcessesAndRemedies() throws IOException {
    recorded("linux-7.3.4-first");
    JsonNode json = json(1);
    assertThat(json.path("kho").path("state").asString()).isEqualTo("on");
    assertThat(json.path("device").path(0).path("pid").asInt()).isEqualTo(30);
    assertThat(json.path("sessions").path(1).path("name").asString()).isEqualTo("vm");
    assertThat(json.path("sessions").path(1).path("processes").path(0).path("command").asString())
        .isEqualTo("init");
    assertThat(json.path("warnings").path(0).path("remedy").asString()).contains("FDSTORE=1");
    assertThat(json.path("kexecLoaded").asBoolean()).isFalse();
  }

  @Test
  void aSessionThatInitHoldsIsSafe() throws IOException {
    recorded("linux-7.3.4-first");
    Files.createDirectories(root.resolve("proc/1/fd"));
    for (String link : new String[] {"6", "7"}) {
      Files.move(root.resolve("proc/30/fd/" + link), root.resolve("proc/1/fd/" + link));
    }
    assertThat(status(0).out()).contains("\"vm\" in init (PID 1)").doesNotContain("warning");
  }

  @Test
  void theSwitchOnTheCommandLineCountsWhereNothingElseIsSeen() throws IOException {
    HostRoot host = new HostRoot(root);
    host.put("proc/cmdline", "quiet kho=off").put("proc/sys/kernel/osrelease", "7.3.4\n");
    assertThat(status(1).out())
        .contains("KHO       off: kho=off is on the command line")
        .contains("given     unknown")
        .contains("do: boot with kho=on on the kernel's command line");
    host.put("proc/cmdline", "quiet kho=on");
    assertThat(status(0).out())
        .contains(
            "KHO       unknown: kho=on is on the command line, but no visible file shows that");
    host.put("proc/kallsyms", "0000000000000000 T _text\n");
    assertThat(status(1).out()).contains("KHO       not in this kernel: /proc/kallsyms lists");
  }

  @Test
  void anOldSystemdIsAWarning() throws IOException {
    HostRoot host = recorded("linux-7.3.4-second").put("proc/1/comm", "systemd\n");
    host.put("usr/lib/systemd/libsystemd-shared-252.so", "");
    assertThat(status(1).out())
        .contains("warning: systemd 252 does not hand over the descriptor stores of its units")
        .contains("do: install systemd 261 or later");
  }

  @Test
  void aDamagedFileIsToldAndTheRestIsShown() throws IOException {
    HostRoot host = recorded("linux-7.3.4-first");
    host.put("sys/kernel/debug/kho/out/scratch_len", "0x100000\n");
    assertThat(status(1).out())
        .contains("prepared  LUO")
        .contains("scratch   unknown")
        .contains("has 1 lengths, and scratch_phys 3 addresses");
  }

  @Test
  void aGivenRootFdtThatNamesNoVersionHasNone() throws IOException {
    HostRoot host = recorded("linux-7.3.4-second");
    MemorySegment fdt =
        FdtBuilder.create(MemorySegment.ofArray(new byte[4096]))
            .beginNode("")
            .property(FdtProperty.ofBytes("compatible", new byte[0]))
            .endNode()
            .finish();
    host.put("sys/kernel/debug/kho/in/fdt", fdt.toArray(ValueLayout.JAVA_BYTE));
    assertThat(status(0).out()).contains("given     a handover by Linux 7.3.4, kexec 1\n");
  }

  @Test
  void withoutProcItEndsWithASentence() throws IOException {
    assertThat(status(2).err()).contains("proc is not there: is it mounted?");
    Files.createDirectory(root.resolve("proc"));
    assertThat(status(2).err()).contains("proc is empty: is it mounted?");
  }
}
