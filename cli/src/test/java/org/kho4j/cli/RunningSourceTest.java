package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.HostRoot;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.root.RootFdt;
import org.kho4j.handover.root.RootSearch;
import org.kho4j.memory.running.RunningMemory;
import org.kho4j.preflight.host.HostFiles;
import org.kho4j.preflight.host.HostStatus;
import org.kho4j.preflight.host.RunningRoots;
import org.kho4j.verify.Verifier;
import org.kho4j.verify.result.OwnerVisitor;

/** A second generation of Linux 7.3.4, in the memory of a host of 64 GiB. */
@Timeout(60)
class RunningSourceTest {

  private static final long INCOMING = 0x4f0000;
  private static final long OUTGOING = 0x8f6000;

  /** A page that neither handover has. */
  private static final long KERNEL_DATA = 0x100_0000;

  private static final Path CAPTURE = Captures.small("gen2-running");

  @TempDir Path root;

  private HostRoot host;

  @BeforeEach
  void makeHost() throws IOException {
    host = new HostRoot(root).memory(CAPTURE);
    // As struct kho_out and kho_enable of Linux 7.3 are: the pointer comes first.
    host.store(KERNEL_DATA, HostRoot.DIRECT_MAP + OUTGOING, 0, 0);
    host.store(KERNEL_DATA + 0x100, 1);
    symbols("T kho_preserve_folio", "b kho_out", "d kho_enable");
    byte[] record =
        ByteBuffer.allocate(32)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(INCOMING)
            .putLong(4096)
            .array();
    host.put("sys/kernel/boot_params/setup_data/0/type", "0x9\n");
    host.put("sys/kernel/boot_params/setup_data/1/type", "0xa\n");
    host.put("sys/kernel/boot_params/setup_data/1/data", record);
  }

  /** Each at the start of 256 bytes. */
  private void symbols(String... typeAndName) throws IOException {
    StringBuilder lines = new StringBuilder("ffffffff81000000 T _text\n");
    long address = HostRoot.DIRECT_MAP + KERNEL_DATA - 0x100;
    for (String symbol : typeAndName) {
      lines.append("%016x %s\n".formatted(address, symbol));
      address += 0x100;
    }
    host.put("proc/kallsyms", lines.toString());
  }

  private ConsoleOfATest kho(int exit, Object... args) {
    return ConsoleOfATest.kho(
        exit, Stream.concat(Stream.of(args), Stream.of("--root", root)).toArray());
  }

  private static String handovers(ConsoleOfATest inspected) {
    return inspected.out().lines().skip(1).reduce("", (a, b) -> a + b + "\n");
  }

  @Test
  void inspectShowsBothHandoversAsInADump() {
    ConsoleOfATest running = kho(0, "inspect", "running");
    assertThat(running.err()).isEmpty();
    assertThat(running.out()).startsWith(root.resolve("proc/kcore") + ": elf, 64.0 GiB");
    assertThat(handovers(running)).isEqualTo(handovers(kho(0, "inspect", CAPTURE)));
  }

  @Test
  void verifyFindsNothingWrongAndNothingChanged() {
    ConsoleOfATest running = kho(0, "verify", "running");
    assertThat(running.err()).isEmpty();
    assertThat(running.out()).isEqualTo(kho(0, "verify", CAPTURE).out());
  }

  @Test
  void extractAndDiffAndReportTakeIt() throws IOException {
    Path blob = root.resolve("blob");
    kho(0, "extract", "running", "--subtree", "memblock", "-o", blob);
    Path expected = root.resolve("expected");
    kho(0, "extract", CAPTURE, "--subtree", "memblock", "-o", expected);
    assertThat(blob).hasSameBinaryContentAs(expected);
    assertThat(kho(0, "diff", "running", CAPTURE).out()).contains("= subtree memblock");
    kho(0, "report", "running", "-o", root.resolve("report.html"));
  }

  @Test
  void whoAndShowSayOfItWhatTheySayOfADump() {
    String list = kho(0, "show", "running").out();
    assertThat(list).isEqualTo(kho(0, "show", CAPTURE).out()).contains("/memblock");
    String owner = kho(0, "who", "running", "0x8f6004").out();
    assertThat(owner).isEqualTo(kho(0, "who", CAPTURE, "0x8f6004").out()).contains("root FDT /");
  }

  @Test
  void readsAFewPagesOf64GiB() throws IOException {
    try (RunningMemory memory = RunningMemory.open(root)) {
      RunningRoots found = RunningRoots.find(new HostFiles(root), memory);
      assertThat(found.incoming()).hasValue(INCOMING);
      assertThat(found.outgoing()).hasValue(OUTGOING);
      assertThat(found.state()).isEqualTo(HostStatus.State.ON);
      List<RootFdt> roots =
          Stream.of(INCOMING, OUTGOING).map(at -> RootSearch.at(memory, at)).toList();
      Handovers.of(memory, roots, null)
          .forEach(handover ->
              Verifier.verify(handover, Verifier.Options.ALL, finding -> {}, OwnerVisitor.NONE));
      assertThat(memory.source().bytes()).isEqualTo(0xf_fff7_ec00L);
      assertThat(memory.reads()).isLessThan(200);
      assertThat(memory.bytesRead()).isLessThan(4 << 20);
    }
  }

  @Test
  void searchesWhereTheKernelHidesItsAddresses() throws IOException {
    host.put(
        "proc/kallsyms", "0000000000000000 T kho_preserve_folio\n0000000000000000 b kho_out\n");
    host.put("proc/iomem", "00100000-07ffffff : System RAM\n");
    host.put("sys/kernel/debug/kho/out/sub_fdts/LUO", "luo-v5");
    ConsoleOfATest running = kho(0, "inspect", "running");
    assertThat(running.err()).contains("all memory is searched");
    assertThat(handovers(running)).isEqualTo(handovers(kho(0, "inspect", CAPTURE)));
  }

  @Test
  void doesNotSearchWhereNothingSpeaksForAHandover() throws IOException {
    Files.delete(root.resolve("sys/kernel/boot_params/setup_data/1/type"));
    host.put("proc/kallsyms", "0000000000000000 T kho_preserve_folio\n");
    assertThat(kho(2, "inspect", "running").err()).contains("nothing shows that KHO is on");
    host.put("proc/kallsyms", "ffffffff81000000 T _text\n");
    assertThat(kho(2, "verify", "running").err()).contains("this kernel has no KHO");
  }

  @Test
  void saysThatKhoIsOff() throws IOException {
    Files.delete(root.resolve("sys/kernel/boot_params/setup_data/1/type"));
    host.store(KERNEL_DATA, 0, 0);
    host.store(KERNEL_DATA + 0x100, 0);
    assertThat(kho(2, "inspect", "running").err())
        .isEqualTo(
            "kho: running: KHO is off in this kernel: boot it with kho=on to hand memory over\n");
  }

  /** Such a boot is a normal state: the page of the root FDT often still has its content. */
  @Test
  void aHandoverThatAKernelWithKhoOffWasGivenIsNotItsOwn() throws IOException {
    host.store(KERNEL_DATA, 0, 0);
    host.store(KERNEL_DATA + 0x100, 0);
    for (String command : List.of("inspect", "verify")) {
      assertThat(kho(2, command, "running").err())
          .contains("KHO is off in this kernel")
          .contains("--fdt 0x4f0000 shows what is left of it");
    }
    assertThat(kho(1, preflightTo("7.3")).out())
        .startsWith("lost: ")
        .doesNotContain("MAP-001", "LUO-002");
  }

  @Test
  void takesARootFdtWhoseAddressIsGiven() {
    assertThat(kho(0, "inspect", "running", "--fdt", "0x8f6000").out())
        .contains("kho-v4 handover", "root FDT at 0x8f6000")
        .doesNotContain("0x4f0000,");
  }

  @Test
  void anAddressThatIsGivenCountsWithoutATraceOfKho() throws IOException {
    host.put("proc/kallsyms", "ffffffff81000000 T _text\n");
    assertThat(kho(0, "verify", "running", "--fdt", "0x8f6000").out())
        .isEqualTo(kho(0, "verify", CAPTURE, "--fdt", "0x8f6000").out());
    assertThat(kho(2, "verify", "running", "--fdt", "0x1000").err()).contains("no root FDT");
  }

  @Test
  void tellsWhatItTakesInPlaceOfOptionsOfFiles() throws IOException {
    assertThat(kho(2, "inspect", "running", "--base", "1G").err())
        .contains("--base is for a file, not for the running host");
    assertThat(kho(2, "inspect", "/proc/kcore").err()).contains("give running instead");
    Files.delete(root.resolve("proc/kcore"));
    assertThat(kho(2, "inspect", "running").err())
        .contains("CONFIG_PROC_KCORE")
        .contains("kho status");
  }

  private Object[] preflightTo(String next) throws IOException {
    host.put("proc/sys/kernel/osrelease", "7.3.4-test\n");
    Files.createDirectories(root.resolve("boot"));
    Files.copy(Preflights.SMALL.resolve("small.elf"), root.resolve("boot/vmlinuz-7.3.4-test"));
    return new Object[] {"preflight", "--from", "running", "--to", Preflights.kernel(next)};
  }

  @Test
  void preflightSaysThatAKernelWithKhoOffHandsNothingOver() throws IOException {
    Files.delete(root.resolve("sys/kernel/boot_params/setup_data/1/type"));
    host.store(KERNEL_DATA, 0, 0);
    host.store(KERNEL_DATA + 0x100, 0);
    Object[] line = preflightTo("7.3");
    assertThat(kho(1, line).out())
        .startsWith("lost: ")
        .contains(
            "the first kernel hands nothing over (KHO is off: the kernel's variable kho_enable)")
        .doesNotContain("luo", "memblock", "everything that the kernel supports counts");
    Files.delete(root.resolve("proc/kcore"));
    host.put("proc/kallsyms", "0000000000000000 T kho_preserve_folio\n");
    host.put("proc/cmdline", "kho=off quiet\n");
    assertThat(kho(1, line).out())
        .startsWith("lost: ")
        .contains("(KHO is off: kho=off is on the command line)");
  }

  /** Init, without a descriptor, and a thread that only the host's own PID namespace shows. */
  private void processes() throws IOException {
    Files.createDirectories(root.resolve("proc/1/fd"));
    host.put("proc/1/comm", "init\n");
    host.put("proc/2/comm", "kthreadd\n");
  }

  @Test
  void preflightCountsMemfdsWhereProcDoesNotShowTheProcessesOfTheHost() throws IOException {
    Object[] line = preflightTo("memfd-v3");
    String unseen = "/proc does not show the processes of the host";
    assertThat(kho(1, line).out()).contains(unseen, "memfd-v2 > memfd-v3");
    processes();
    host.put("proc/2/comm", "sh\n");
    assertThat(kho(1, line).out()).contains(unseen, "memfd-v2 > memfd-v3");
    host.put("proc/2/comm", "kthreadd\n");
    assertThat(kho(1, line).out())
        .contains("no process has a session open, so LUO hands no file over")
        .doesNotContain(unseen, "memfd-v2");
  }

  /** A store's memory files are in a session at the jump only, and in no process before. */
  @Test
  void preflightCountsMemfdsWhereSystemdMayKeepSome() throws IOException {
    Object[] line = preflightTo("memfd-v3");
    processes();
    assertThat(kho(1, line).out())
        .contains("no process has a session open, so LUO hands no file over")
        .doesNotContain("systemd");
    host.put("proc/1/comm", "systemd\n");
    assertThat(kho(1, line).out())
        .contains("systemd did not report which descriptors it stores")
        .doesNotContain("no process has a session open");
  }

  @Test
  void aHostThatHidesItsMemoryEndsEveryCommandWithOneSentence() throws IOException {
    host.put("proc/iomem", "00000000-00000000 : System RAM\n");
    for (String command : List.of("inspect", "verify", "show", "report")) {
      assertThat(kho(2, hidden(command)).err())
          .contains(
              "proc/iomem hides the addresses of RAM: only a process with CAP_SYS_ADMIN sees them")
          .endsWith("kho status shows what this host reports without its memory\n")
          .hasLineCount(1);
    }
    Files.write(root.resolve("proc/kcore"), new byte[0]);
    host.put("proc/iomem", "00100000-07ffffff : System RAM\n");
    for (String command : List.of("inspect", "verify", "show", "report")) {
      assertThat(kho(2, hidden(command)).err())
          .contains("proc/kcore is empty: a container hides the host's memory")
          .hasLineCount(1);
    }
    assertThat(root.resolve("report.html")).doesNotExist();
    kho(0, "status");
  }

  private Object[] hidden(String command) {
    return command.equals("report")
        ? new Object[] {command, "running", "-o", root.resolve("report.html")}
        : new Object[] {command, "running"};
  }

  @Test
  void refusesABootRecordOfAnotherSize() throws IOException {
    host.put("sys/kernel/boot_params/setup_data/1/data", "short");
    assertThat(kho(2, "inspect", "running").err())
        .contains("setup_data/1/data: has 5 bytes, not 32");
  }
}
