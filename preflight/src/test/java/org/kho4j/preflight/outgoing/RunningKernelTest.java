package org.kho4j.preflight.outgoing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.preflight.Resources;
import org.kho4j.preflight.host.CommandLine;
import org.kho4j.preflight.part.Part;
import org.kho4j.preflight.profile.Profile;
import org.kho4j.preflight.profile.Support;
import org.kho4j.verify.Scratch;

/** Hosts here are copies of files: the small kernel, and blobs of real kernels' debugfs. */
@Timeout(30)
class RunningKernelTest {

  private static final String RELEASE = "7.3.4-test";
  private static final String OUT = "sys/kernel/debug/kho/out/";
  private static final Path BLOBS =
      Path.of(
          System.getProperty("basedir", "."),
          "../fuzz/src/test/resources/org/kho4j/fuzz/FdtFuzzTestInputs/reads");

  @TempDir Path root;

  private Path put(String place, byte[] bytes) throws IOException {
    Path file = root.resolve(place);
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  private Path put(String place, String text) throws IOException {
    return put(place, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] blob(String name) throws IOException {
    return Files.readAllBytes(BLOBS.resolve(name));
  }

  private OutgoingKernel read() throws IOException {
    return RunningKernel.read(root);
  }

  private void host() throws IOException {
    put("proc/sys/kernel/osrelease", RELEASE + "\n");
    put("proc/cmdline", "kho=on liveupdate=on quiet\n");
    put("boot/vmlinuz-" + RELEASE, Resources.bytes("small.elf"));
    put("sys/kernel/btf/vmlinux", Resources.bytes("small.btf"));
  }

  private void handover() throws IOException {
    put(OUT + "fdt", blob("root.fdt"));
    put(OUT + "sub_fdts/memblock", blob("memblock.fdt"));
    put(OUT + "sub_fdts/kho_test", blob("kho-test.fdt"));
    put(OUT + "sub_fdts/LUO", "luo-v5\0and what follows");
    put(
        OUT + "sub_fdts/kexec-metadata",
        ByteBuffer.allocate(73).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 1).array());
  }

  @Test
  void aHostTellsReleaseTypesStringsAndCommandLine() throws IOException {
    host();
    OutgoingKernel running = read();
    Profile kernel = running.profile();
    assertThat(kernel.release()).contains(RELEASE);
    assertThat(kernel.support(Part.KHO).versions()).containsExactly("kho-v4");
    assertThat(kernel.type("kho_vmalloc")).isPresent();
    assertThat(running.commandLine().flatMap(CommandLine::liveupdate)).contains(true);
    assertThat(running.content()).isEmpty();
    assertThat(running.notes())
        .singleElement()
        .asString()
        .startsWith(root + "/sys/kernel/debug/kho/out cannot be read")
        .endsWith("everything that the kernel supports counts");
  }

  /** Up to 7.0; LUO takes the step at the jump. */
  @Test
  void aHandoverThatIsNotFinalizedIsANote() throws IOException {
    host();
    handover();
    put(OUT + "finalize", "0\n");
    assertThat(read().notes())
        .anyMatch(note -> note.contains("is not finalized") && note.contains("write 1"));
    put("sys/class/misc/liveupdate/dev", "10:121\n");
    assertThat(read().notes()).noneMatch(note -> note.contains("finalized"));
  }

  /** Debug packages install a vmlinux of debug data alone: its sections have no bytes. */
  @Test
  void aFileOfDebugDataIsNoImageOfTheRunningKernel() throws IOException {
    host();
    byte[] debug = Files.readAllBytes(root.resolve("boot/vmlinuz-" + RELEASE));
    Files.delete(root.resolve("boot/vmlinuz-" + RELEASE));
    ByteBuffer elf = ByteBuffer.wrap(debug).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 1; i < elf.getShort(60); i++) {
      int header = (int) elf.getLong(40) + i * 64;
      if ((elf.getLong(header + 8) & 2) != 0) { // SHF_ALLOC
        elf.putInt(header + 4, 8); // SHT_NOBITS
      }
    }
    put("usr/lib/debug/boot/vmlinux-" + RELEASE, debug);
    OutgoingKernel running = read();
    assertThat(running.profile().support(Part.KHO).state()).isEqualTo(Support.State.UNKNOWN);
    assertThat(running.notes())
        .anyMatch(note -> note.startsWith("no image of the running kernel is at "));
  }

  @Test
  void debugfsTellsWhatIsHandedOver() throws IOException {
    host();
    handover();
    OutgoingKernel running = read();
    HandoverContent content = running.content().orElseThrow();
    assertThat(running.notes()).isEmpty();
    assertThat(content.parts())
        .contains("kho", "memblock", "kho_test", "luo", "kexec-metadata", "memfd");
    assertThat(content.reservations()).extracting(ReserveMem::name).containsExactly("trace");
    assertThat(content.unknownSubtrees()).isEmpty();
    assertThat(content.integrity()).isEmpty();
    assertThat(content.scratch()).isEmpty();
    Profile kernel = running.profile();
    assertThat(kernel.support(Part.LUO).versions()).containsExactly("luo-v5");
    assertThat(kernel.support(Part.KEXEC_METADATA).versions()).containsExactly("1");
    assertThat(kernel.support(Part.KHO_TEST).versions()).containsExactly("kho-test-v1");
    assertThat(kernel.support(Part.MEMBLOCK).versions())
        .containsExactly("memblock-v1", "reserve-mem-v1");
  }

  @Test
  void debugfsHasTheScratchRegions() throws IOException {
    host();
    handover();
    put(OUT + "scratch_phys", "0x8000000\n0x1000000\n");
    put(OUT + "scratch_len", "0x2000000\n0x400000\n");
    put("proc/meminfo", "MemTotal:         480000 kB\nMemFree:          300000 kB\n");
    Scratch scratch = read().content().orElseThrow().scratch().orElseThrow();
    assertThat(scratch)
        .isEqualTo(
            new Scratch(
                List.of(
                    new AddressRange(0x8000000, 0x2000000), new AddressRange(0x1000000, 0x400000)),
                OptionalLong.of(480_000L << 10),
                OptionalLong.empty()));
    assertThat(scratch.bytes()).isEqualTo(0x2400000);
  }

  @Test
  void scratchFilesThatDoNotFitTogetherAreRefused() throws IOException {
    host();
    handover();
    put(OUT + "scratch_phys", "0x8000000\n");
    Path lengths = put(OUT + "scratch_len", "0x2000000\n0x400000\n");
    assertThatThrownBy(this::read)
        .hasMessage(lengths + ": has 2 lengths, and scratch_phys 1 addresses");
    put(OUT + "scratch_len", "much\n");
    assertThatThrownBy(this::read).hasMessage(lengths + ": has a line that is no number: \"much\"");
    put(OUT + "scratch_len", "-1\n");
    assertThatThrownBy(this::read)
        .hasMessageStartingWith(root.resolve(OUT + "scratch_phys") + ": line 1: ");
  }

  @Test
  void aSubtreeThatNobodyKnowsIsNamed() throws IOException {
    host();
    put(OUT + "fdt", blob("root.fdt"));
    put(OUT + "sub_fdts/iommu", "anything");
    assertThat(read().content().orElseThrow().unknownSubtrees()).containsExactly("iommu");
  }

  /** Since 7.1 out/fdt may be too short to show a version, and 6.19 has no kexec-metadata. */
  @Test
  void aSubtreeThatNobodyKnowsIsAHandoverByItself() throws IOException {
    host();
    put(OUT + "sub_fdts/iommu", "anything");
    put(OUT + "scratch_phys", "0x8000000\n");
    put(OUT + "scratch_len", "0x2000000\n");
    HandoverContent content = read().content().orElseThrow();
    assertThat(content.unknownSubtrees()).containsExactly("iommu");
    assertThat(content.parts()).containsExactly("kho");
    assertThat(content.scratch()).isPresent();
  }

  /** A link without a target: also root cannot read it. */
  @Test
  void aSubtreeThatIsListedAndCannotBeReadIsHandedOver() throws IOException {
    host();
    handover();
    for (String name : List.of("LUO", "memblock", "iommu")) {
      Path file = root.resolve(OUT + "sub_fdts/" + name);
      Files.deleteIfExists(file);
      Files.createSymbolicLink(file, Path.of("nowhere"));
    }
    OutgoingKernel running = read();
    HandoverContent content = running.content().orElseThrow();
    assertThat(content.parts()).contains("luo", "memblock", "memfd");
    assertThat(content.unknownSubtrees()).containsExactly("iommu");
    assertThat(running.profile().support(Part.LUO).versions()).containsExactly("luo-v5");
    assertThat(running.profile().support(Part.MEMBLOCK).state()).isEqualTo(Support.State.UNKNOWN);
    assertThat(running.notes())
        .filteredOn(note -> note.contains("is listed and cannot be read: it is handed over"))
        .hasSize(3);
    Files.delete(root.resolve("boot/vmlinuz-" + RELEASE));
    assertThat(read().profile().support(Part.LUO).state()).isEqualTo(Support.State.UNKNOWN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"lib/modules/%s/vmlinuz", "usr/lib/modules/%s/vmlinuz"})
  void theImageIsWhereDistributionsPutIt(String place) throws IOException {
    put("proc/sys/kernel/osrelease", RELEASE);
    put(place.formatted(RELEASE), Resources.bytes("small.elf"));
    assertThat(read().profile().support(Part.KHO).versions()).containsExactly("kho-v4");
  }

  @Test
  void anotherKernelUnderItsNameDoesNotCount() throws IOException {
    host();
    put("proc/sys/kernel/osrelease", "7.3.5");
    put("boot/vmlinuz-7.3.5", Resources.bytes("small.elf"));
    OutgoingKernel running = read();
    assertThat(running.notes())
        .contains(root + "/boot/vmlinuz-7.3.5 is not the running kernel, but " + RELEASE);
    assertThat(running.profile().support(Part.KHO).state()).isEqualTo(Support.State.UNKNOWN);
  }

  @Test
  void aHostThatTellsNothingIsRefused() {
    assertThatThrownBy(this::read)
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("the running kernel cannot be identified: ");
  }

  @Test
  void whatOnlyRootMayReadIsNoted() throws IOException {
    host();
    handover();
    Path directory = root.resolve(OUT + "sub_fdts");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("---------"));
    try {
      assumeTrue(!Files.isReadable(directory), "root may read everything");
      assertThat(read().notes()).anyMatch(note -> note.contains("may be read only by root"));
    } finally {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }
  }

  /** Without a version, anything would fit. */
  @ParameterizedTest
  @ValueSource(strings = {"fdt", "sub_fdts/memblock", "sub_fdts/kho_test", "sub_fdts/LUO"})
  void damagedBlobsAreRefused(String name) throws IOException {
    host();
    handover();
    Path file = root.resolve(OUT + name);
    byte[] whole = Files.readAllBytes(file);
    for (byte[] damaged :
        new byte[][] {{}, new byte[whole.length], Arrays.copyOf(whole, 3), all(0xff, 64)}) {
      Files.write(file, damaged);
      if (damaged.length == 3 && name.endsWith("LUO")) {
        continue; // "luo" is a version, of another form
      }
      assertThatThrownBy(this::read)
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(file + ": ");
    }
  }

  /** Since 7.1: in a guest of 7.3.4 the file had 233 bytes of 345. */
  @Test
  void aRootFdtThatGrewSinceBootIsNotTakenForDamaged() throws IOException {
    host();
    handover();
    byte[] whole = blob("root.fdt");
    put(OUT + "fdt", Arrays.copyOf(whole, whole.length - 112));
    OutgoingKernel running = read();
    assertThat(running.profile().support(Part.KHO).versions()).containsExactly("kho-v4");
    assertThat(running.content().orElseThrow().parts()).contains("kho", "luo");
    assertThat(running.notes())
        .singleElement()
        .asString()
        .contains(
            "out/fdt shows only the first %d bytes of the root FDT".formatted(whole.length - 112));
  }

  private static byte[] all(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  @Test
  void metadataThatEndsWithinItsVersionIsRefused() throws IOException {
    host();
    handover();
    Path file = put(OUT + "sub_fdts/kexec-metadata", new byte[] {1});
    assertThatThrownBy(this::read).hasMessage(file + ": ends within its version, after 1 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../etc/passwd", "a\0b", "7.3.4/../x", "7.3\n7.4"})
  void whatIsNoReleaseIsNotMadeAFileName(String release) throws IOException {
    host();
    Path file = put("proc/sys/kernel/osrelease", release);
    assertThatThrownBy(this::read).hasMessage(file + ": is no release of a kernel");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"proc/cmdline", "boot/vmlinuz-" + RELEASE, "sys/kernel/btf/vmlinux", OUT + "fdt"})
  void nothingIsWaitedFor(String place) throws Exception {
    host();
    handover();
    Path file = root.resolve(place);
    Files.delete(file);
    assumeTrue(new ProcessBuilder("mkfifo", file.toString()).start().waitFor() == 0, "no mkfifo");
    assertThatThrownBy(this::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void aFileInThePlaceOfADirectoryIsSaid() throws IOException {
    host();
    Path file = put(OUT + "sub_fdts", "");
    assertThatThrownBy(this::read).hasMessage(file + ": is no directory");
  }
}
