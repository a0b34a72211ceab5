package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kho4j.abi.LuoFile;
import org.kho4j.abi.LuoFlb;
import org.kho4j.abi.MemfdSer;
import org.kho4j.cli.captures.Captures;
import org.kho4j.fdt.FdtBuilder;
import org.kho4j.fdt.FdtNode;
import org.kho4j.fdt.FdtProperty;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.handover.luo.LiveUpdate;
import org.kho4j.handover.luo.LuoHead;
import org.kho4j.handover.luo.PreservedFile;
import org.kho4j.handover.luo.Session;
import org.kho4j.handover.memblock.ReserveMem;
import org.kho4j.handover.memfd.Memfd;
import org.kho4j.handover.root.Subtree;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.WritableMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * A contract that no release has is newer, and not damaged. Each row is the memory of a real 7.3.4
 * with the bytes in question changed as public development trees lay them out: development layouts,
 * and no kernel's output.
 */
class NewerContractTest {

  private static final String KHO_COMPOSITE = "kho-v4;radix-v1;vmalloc-v1";
  private static final String LUO_COMPOSITE = "luo-v5;block-v1";
  private static final int PAGE = 4096;

  private static PhysicalMemory capture;

  @TempDir private Path directory;

  @BeforeAll
  static void open() throws IOException {
    capture = MemoryImages.open(Captures.small("jump-luo"));
  }

  @AfterAll
  static void close() {
    capture.close();
  }

  /**
   * One contract.
   *
   * @param name of it
   * @param change of the memory
   * @param inspect exit status of inspect and report
   * @param shown by inspect
   * @param findings of verify, without the info about unclaimed memory
   */
  record Row(
      String name, Consumer<Guest> change, int inspect, List<String> shown, List<String> findings) {

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Row> rows() {
    return Stream.of(
        row(KHO_COMPOSITE, guest -> guest.root(KHO_COMPOSITE), "multi-test-files-1", "FDT-015"),
        new Row(
            "kho-v5",
            guest -> guest.root("kho-v5"),
            1,
            List.of(
                "kho-v5 handover", "newer / at 0x512000: a newer contract: kho-v5", "Linux 7.3.4"),
            List.of("FDT-015")),
        new Row(
            "kho-v4;radix-v2;vmalloc-v1",
            guest -> guest.root("kho-v4;radix-v2;vmalloc-v1"),
            1,
            List.of("a newer contract: kho-v4;radix-v2;vmalloc-v1", "LUO at 0x698000"),
            List.of("FDT-015")),
        row(
            LUO_COMPOSITE,
            guest -> {
              guest.moveLuo(16);
              guest.text(guest.luo, 16, LUO_COMPOSITE);
            },
            "luo-v5;block-v1, live update 1",
            "LUO-017"),
        row(
            "luo-v6;block-v2",
            guest -> {
              guest.moveLuo(16);
              guest.text(guest.luo, 16, "luo-v6;block-v2");
            },
            "newer /LUO at 0x698000: a newer contract: luo-v6;block-v2",
            "LUO-017"),
        row(
            "luo-v6",
            guest -> guest.text(guest.luo, 8, "luo-v6"),
            "a newer contract: luo-v6",
            "LUO-017"),
        row(
            "features of LUO",
            guest -> guest.features(0x7),
            "features required 0x7, live update 1",
            "LUO-017"),
        row(
            "features of LUO that are not known",
            guest -> guest.features(0xf),
            "a newer contract: features required 0xf, of which 0x8 are unknown",
            "LUO-017"),
        row(
            "memfd-v2;vmalloc-v1",
            guest -> guest.handler("memfd-v2;vmalloc-v1"),
            "memfd-v2;vmalloc-v1: 4 KiB in 1 folio",
            "MEMFD-019"),
        row(
            "memfd-v3;vmalloc-v1",
            guest -> guest.handler("memfd-v3;vmalloc-v1"),
            "memfd-v3;vmalloc-v1, data 0x",
            "MEMFD-019"),
        row(
            "memfd-v3",
            guest -> guest.handler("memfd-v3"),
            "newer /LUO/session \"kexec_multi_state\"/file 0x3e6 at 0x772010: a newer contract:"
                + " memfd-v3: not decoded\n",
            "MEMFD-019"),
        row(
            "features of memfd",
            guest -> guest.memfdFeatures(0x3),
            "memfd: 4 KiB in 1 folio",
            "MEMFD-019"),
        row(
            "features of memfd that are not known",
            guest -> guest.memfdFeatures(0x7),
            "a newer contract: features required 0x7, of which 0x4 are unknown",
            "MEMFD-019"),
        row(
            "kvm_vm_luo_v1",
            guest -> guest.client("kvm_vm_luo_v1", 1, 0),
            "kvm_vm_luo_v1, data 0x771000, in no release: type 1, nr_mem_attrs 0",
            "DEV-001",
            "LUO-010"),
        row(
            "guest_memfd_luo_v1",
            guest -> guest.client("guest_memfd_luo_v1", 4096, 1, 0, 2),
            "in no release: size 4096, flags 1, nr_folios 0, vm_token 2",
            "DEV-001",
            "LUO-010"),
        row(
            "kvm_vm_luo_v1 with attributes beyond memory",
            guest -> guest.client("kvm_vm_luo_v1", 1, 1L << 60),
            "nr_mem_attrs 1152921504606846976",
            "DEV-001",
            "DEV-002",
            "LUO-010"),
        row(
            "vfio-pci-v1",
            guest -> guest.client("vfio-pci-v1"),
            "a newer contract: vfio-pci-v1, whose layout is unknown",
            "DEV-001",
            "LUO-010"),
        row("iommufd-v1", guest -> guest.client("iommufd-v1"), "iommufd-v1", "DEV-001", "LUO-010"),
        row("cpu_fh_v1", guest -> guest.client("cpu_fh_v1"), "cpu_fh_v1", "DEV-001", "LUO-010"),
        row("no client", guest -> guest.client("other-v1"), "other-v1, data 0x", "LUO-010"),
        row(
            "pci-v1",
            guest -> guest.flb("pci-v1", 1L << 32 | 8, 1L << 32),
            "in no release: max_nr_devices 8, nr_devices 1",
            "DEV-001"),
        row(
            "pci-v2",
            guest -> guest.flb("pci-v2", 2L << 32 | 8, 1L << 32, 1L << 48),
            "in no release: max_nr_devices 8, nr_devices 2",
            "DEV-001"),
        row(
            "pci-v2 with too many devices",
            guest -> guest.flb("pci-v2", 9L << 32 | 8),
            "nr_devices 9",
            "DEV-001",
            "DEV-002"),
        row(
            "pci-v2 outside of memory",
            guest -> guest.flbAt("pci-v2", 0x20000000),
            "pci-v2 with another layout than the known one",
            "DEV-002",
            "FLB-008"),
        row(
            "hugetlb-v1",
            guest -> guest.flb("hugetlb-v1", 3, 9),
            "in no release: hstate 0 nr_pages 3, hstate 0 order 9",
            "DEV-001"),
        row(
            "iommu-liveupdate",
            guest -> guest.flb("iommu-liveupdate", 1, 0, 0, 0),
            "in no release: version 1, array 0 0x0",
            "DEV-001"),
        row(
            "iommu-liveupdate with an array outside of memory",
            guest -> guest.flb("iommu-liveupdate", 1, 0x20000000),
            "version 1, array 0 0x20000000",
            "DEV-001",
            "DEV-002"),
        row("cpu_flb_v1", guest -> guest.flb("cpu_flb_v1"), "cpu_flb_v1", "DEV-001"),
        row("no FLB", guest -> guest.flb("other-flb"), "other-flb", "DEV-001"));
  }

  private static Row row(String name, Consumer<Guest> change, String shown, String... findings) {
    return new Row(name, change, 0, List.of(shown), List.of(findings));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void isNewerAndNotDamaged(Row row) throws IOException {
    Path ram = directory.resolve("ram");
    Captures.copy(capture, ram);
    try (WritableMemory memory = WritableMemory.open(ram, 0)) {
      row.change.accept(new Guest(memory));
    }

    ConsoleOfATest inspected = kho(row.inspect, "inspect", ram, "--all");
    assertThat(inspected.out()).contains(row.shown).doesNotContain("error ");
    assertThat(kho(row.inspect, "inspect", ram, "--json").out())
        .containsPattern("\"errors\" : \\[ *]");

    String verified = kho(0, "verify", ram).out();
    List<String> ids =
        verified
            .lines()
            .filter(line -> line.matches("(error|warning|info) .*"))
            .map(line -> line.split(" +", -1)[1])
            .filter(id -> !id.startsWith("OWN-"))
            .distinct()
            .sorted()
            .toList();
    assertThat(ids).as(verified).isEqualTo(row.findings.stream().sorted().toList());

    assertThat(kho(0, "diff", ram, ram).out()).doesNotContain("cannot be read", "! A");
    kho(0, "report", ram, "-o", directory.resolve("report.html"));
  }

  @Test
  void aNewerMemfdIsUnknownToDiff() throws IOException {
    Path ram = directory.resolve("ram");
    Captures.copy(capture, ram);
    try (WritableMemory memory = WritableMemory.open(ram, 0)) {
      new Guest(memory).handler("memfd-v3");
    }
    assertThat(kho(0, "diff", ram, ram).out())
        .containsPattern("\\? file 0x\\w+: absent, unreadable, newer or too large");
  }

  /** The memory, and where things are in it. */
  private static final class Guest {
    private final WritableMemory memory;
    private final Handover handover;
    private final long luo;
    private final PreservedFile file;
    private final long flb;
    private final long reserved;

    Guest(WritableMemory memory) {
      this.memory = memory;
      handover = Handovers.find(capture).getFirst();
      Subtree subtree = handover.subtree("LUO").orElseThrow();
      luo = subtree.address();
      LuoHead head = LuoHead.read(handover.memory(), subtree);
      flb = head.flbs() + LuoFlb.HEADER.headerSize();
      file =
          handover
              .client(LiveUpdate.CLIENT)
              .orElseThrow()
              .sessions()
              .flatMap(Session::files)
              .findFirst()
              .orElseThrow();
      reserved = handover.client(ReserveMem.CLIENT).orElseThrow().getFirst().start();
    }

    private MemorySegment page(long address) {
      return memory.writable(address, PAGE);
    }

    void text(long address, int size, String text) {
      MemorySegment field = memory.writable(address, size).fill((byte) 0);
      field.copyFrom(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
    }

    void words(long address, long... values) {
      MemorySegment target = memory.writable(address, PAGE - address % PAGE);
      for (int i = 0; i < values.length; i++) {
        target.set(ValueLayout.JAVA_LONG_UNALIGNED, i * 8L, values[i]);
      }
    }

    /** Writes the root FDT anew with another version. */
    void root(String compatible) {
      write(compatible, 0);
    }

    private void write(String compatible, long luoSize) {
      byte[] tree;
      try (Arena arena = Arena.ofConfined()) {
        FdtBuilder builder = FdtBuilder.create(arena.allocate(PAGE, 8)).beginNode("");
        for (FdtProperty property : handover.root().tree().properties()) {
          builder.property(
              property.name().equals("compatible")
                  ? FdtProperty.ofString("compatible", compatible)
                  : property);
        }
        for (FdtNode node : handover.root().tree().children()) {
          builder.beginNode(node.name());
          for (FdtProperty property : node.properties()) {
            boolean size = property.name().equals("blob-size") && node.name().equals("LUO");
            builder.property(
                size && luoSize != 0
                    ? FdtProperty.ofU64("blob-size", luoSize, ByteOrder.LITTLE_ENDIAN)
                    : property);
          }
          builder.endNode();
        }
        tree = builder.endNode().finish().toArray(ValueLayout.JAVA_BYTE);
      }
      page(handover.root().address()).fill((byte) 0).copyFrom(MemorySegment.ofArray(tree));
    }

    /** Moves what follows LUO's version string, whose field gets {@code bytes}. */
    void moveLuo(int bytes) {
      byte[] rest = memory.read(luo + 8, 24).toArray(ValueLayout.JAVA_BYTE);
      page(luo).fill((byte) 0).asSlice(bytes).copyFrom(MemorySegment.ofArray(rest));
      write("kho-v4", bytes + 24L);
    }

    void features(long required) {
      moveLuo(128);
      words(luo, required, required, required);
    }

    void handler(String name) {
      text(file.address() + LuoFile.COMPATIBLE.offset(), LuoFile.COMPATIBLE.size(), name);
    }

    void memfdFeatures(long required) {
      assertThat(file.as(Memfd.HANDLER)).isPresent();
      int size = MemfdSer.V2.headerSize();
      byte[] ser = memory.read(file.data(), size).toArray(ValueLayout.JAVA_BYTE);
      page(file.data()).fill((byte) 0).asSlice(128).copyFrom(MemorySegment.ofArray(ser));
      words(file.data(), required, required, required);
      handler("memfd");
    }

    /** A client's structure in the place of a memfd's. */
    void client(String name, long... state) {
      page(file.data()).fill((byte) 0);
      words(file.data(), state);
      handler(name);
    }

    /** An FLB's structure in memory that a reservation has. */
    void flb(String name, long... state) {
      page(reserved).fill((byte) 0);
      words(reserved, state);
      flbAt(name, reserved);
    }

    void flbAt(String name, long data) {
      text(flb + LuoFlb.NAME.offset(), LuoFlb.NAME.size(), name);
      words(flb + LuoFlb.DATA.offset(), data);
    }
  }
}
