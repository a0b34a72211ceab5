package org.kho4j.handover.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.SetupData;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.PhysicalMemory;

/** Linux 7.3.4's own handovers, made again by the engine and compared with Linux's bytes. */
class KernelBytesTest {

  private static final int PAGE = 4096;

  // From the System.map of the kernel in the captures, which does not move itself.
  private static final long KHO_SCRATCH_CNT = 0x19eec20;
  private static final long KHO_SCRATCH = 0x19eec28;
  private static final long DIRECT_MAP = 0xffff888000000000L;

  @TempDir Path directory;

  /**
   * Root FDT, map, chunks and the blobs that the engine writes, each with the whole of its page.
   * The second page of kho_test's blob is not in these captures.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "linux-7.3.4-gen1-running.ram.zst",
        "linux-7.3.4-jump-kho-test.ram.zst",
        "linux-7.3.4-jump-luo.ram.zst"
      })
  void writesWhatLinuxWrote(String capture) throws IOException {
    try (PhysicalMemory kernels = KernelCaptures.open(capture)) {
      // Linux's own regions are not in these captures; any that are free will do.
      AddressRange scratch = new AddressRange(0x1000000, 0x400000);
      KernelReplay replay =
          KernelReplay.of(kernels, directory.resolve("ram"), List.of(scratch), scratch.address());

      assertThat(differences(replay, PAGE)).isEmpty();
      assertThat(replay.emptyNodes).as("nodes that Linux kept without a key").isEmpty();
      assertThat(replay.written).hasSizeGreaterThan(20).containsValue("/memblock");
      if (capture.contains("luo")) {
        String file = "/LUO/session \"multi-test-files-2\"/file 0x2002";
        assertThat(replay.written)
            .containsValues(
                "/LUO",
                "/LUO/sessions/block 0",
                "/LUO/session \"multi-test-files-2\"/files/block 0",
                "/LUO/flbs",
                file,
                file + "/folios/chunk 0",
                file + "/folios/block 0");
      }
    }
  }

  /** All of these at the jump, with the scratch array and the boot record that kexec made. */
  @ParameterizedTest
  @ValueSource(
      strings = {"linux-7.3.4-jump-kho-test.full.elf.zst", "linux-7.3.4-jump-luo.full.kdump"})
  void handsOverWhatLinuxHandedOver(String capture) throws IOException {
    try (PhysicalMemory kernels = KernelCaptures.open(capture)) {
      MemorySegment array = kernelsScratchArray(kernels);
      List<AddressRange> scratch = new ArrayList<>();
      for (int entry = 0; entry < array.byteSize(); entry += 16) {
        scratch.add(
            new AddressRange(
                array.get(StructureView.U64, entry), array.get(StructureView.U64, entry + 8L)));
      }
      long record = kernelsBootRecord(kernels);
      BootData boot = BootData.ofSetupData(kernels, record);
      KernelReplay replay =
          KernelReplay.of(kernels, directory.resolve("ram"), scratch, boot.scratchAddress());

      assertThat(differences(replay, Integer.MAX_VALUE)).isEmpty();
      assertThat(replay.handOver()).isEqualTo(boot);
      assertSameBytes(replay.memory.read(boot.scratchAddress(), array.byteSize()), array);
      int recordBytes = SetupData.STRUCTURE.headerSize();
      MemorySegment written = MemorySegment.ofArray(new byte[recordBytes]);
      boot.writeTo(new StructureView(SetupData.STRUCTURE, 0, written));
      assertSameBytes(written, kernels.read(record, recordBytes));
    }
  }

  /**
   * arm64 folds the sum of kho_test's data to 16 bits after each folio, x86-64 to 32 at the end.
   */
  @Test
  void differsFromArm64InTheFoldingOfOneChecksum() throws IOException {
    try (PhysicalMemory kernels =
        KernelCaptures.open("linux-7.3.4-arm64-16k-jump-luo.full.elf.zst")) {
      AddressRange scratch = new AddressRange(0x48000000, 0x2000000);
      KernelReplay replay =
          KernelReplay.of(kernels, directory.resolve("ram"), List.of(scratch), scratch.address());

      long blob = replay.handover.subtree("kho_test").orElseThrow().address();
      MemorySegment linux = kernels.read(blob, 0x4000);
      MemorySegment engine = replay.memory.writable(blob, 0x4000);
      long checksum = linux.mismatch(engine) & -4;
      int linuxSum = linux.get(ValueLayout.JAVA_INT_UNALIGNED, checksum);
      int engineSum = engine.get(ValueLayout.JAVA_INT_UNALIGNED, checksum);
      assertThat(Integer.toUnsignedLong(engineSum) % 65535)
          .isEqualTo(Integer.toUnsignedLong(linuxSum) % 65535);

      engine.set(ValueLayout.JAVA_INT_UNALIGNED, checksum, linuxSum);
      assertThat(differences(replay, Integer.MAX_VALUE)).isEmpty();
    }
  }

  /** A region without memory is what a percentage leaves where all of it is in the first region. */
  @Test
  void linuxHasAScratchRegionWithoutMemory() throws IOException {
    try (PhysicalMemory kernels = KernelCaptures.open("linux-7.3.4-jump-kho-test.full.elf.zst")) {
      assertThat(kernelsScratchArray(kernels).get(StructureView.U64, 16 + 8)).isZero();
    }
  }

  private static MemorySegment kernelsScratchArray(PhysicalMemory kernels) {
    int count = kernels.read(KHO_SCRATCH_CNT, 4).get(ValueLayout.JAVA_INT_UNALIGNED, 0);
    long address = kernels.read(KHO_SCRATCH, 8).get(StructureView.U64, 0) - DIRECT_MAP;
    return kernels.read(address, 16L * count);
  }

  private static long kernelsBootRecord(PhysicalMemory kernels) {
    List<Long> found = new ArrayList<>();
    kernels.forEachRange((address, length) -> {
      for (long page = address; page < address + length; page += PAGE) {
        MemorySegment bytes = kernels.read(page, PAGE);
        for (long at = 0; at <= PAGE - SetupData.STRUCTURE.headerSize(); at += 8) {
          if (bytes.get(StructureView.U64, at) == 0
              && bytes.get(StructureView.U64, at + 8) == (32L << 32 | SetupData.TYPE_KEXEC_KHO)) {
            found.add(page + at);
          }
        }
      }
    });
    return found.getFirst();
  }

  private static List<String> differences(KernelReplay replay, int bytesOfEach) {
    List<String> differences = new ArrayList<>();
    replay.written.forEach((address, path) -> {
      long length =
          Math.min(bytesOfEach, replay.handover.pageSize().blockBytes(replay.order(address)));
      MemorySegment linux = replay.kernels.read(address, length);
      MemorySegment engine = replay.memory.read(address, length);
      long at = linux.mismatch(engine);
      if (at >= 0) {
        differences.add(
            "%s at +0x%x: Linux %s, engine %s"
                .formatted(path, at, hex(linux, at), hex(engine, at)));
      }
    });
    return differences;
  }

  private static void assertSameBytes(MemorySegment actual, MemorySegment expected) {
    assertThat(hex(actual, 0)).isEqualTo(hex(expected, 0));
  }

  private static String hex(MemorySegment bytes, long from) {
    return HexFormat.of()
        .formatHex(
            bytes
                .asSlice(from, Math.min(48, bytes.byteSize() - from))
                .toArray(ValueLayout.JAVA_BYTE));
  }
}
