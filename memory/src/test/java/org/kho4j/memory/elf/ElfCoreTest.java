package org.kho4j.memory.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.ElfCoreBuilder;
import org.kho4j.memory.KernelDumps;
import org.kho4j.memory.Memories;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.TestPages;
import org.kho4j.memory.image.MemoryImages;

class ElfCoreTest {

  private static final byte[] ONE = TestPages.counting(4096, 1);
  private static final byte[] TWO = TestPages.counting(4096, 2);
  private static final byte[] THREE = TestPages.counting(4096, 3);

  @TempDir Path directory;

  private Path core;

  private PhysicalMemory open(ElfCoreBuilder builder) throws IOException {
    core = builder.write(directory.resolve("core"));
    return MemoryImages.open(core);
  }

  @SuppressWarnings("ByteBufferBackingArray") // all of them are allocated or wrapped whole
  private PhysicalMemory open(ByteBuffer bytes) throws IOException {
    core = Files.write(directory.resolve("core"), bytes.array());
    return MemoryImages.open(core);
  }

  @Test
  void findsSegmentsByPhysicalAddress() throws IOException {
    try (PhysicalMemory memory =
        open(new ElfCoreBuilder().load(0x100000, TWO).load(0x40000000, THREE).load(0, ONE))) {
      assertThat(Memories.bytes(memory, 0, 4096)).isEqualTo(ONE);
      assertThat(Memories.bytes(memory, 0x100000, 4096)).isEqualTo(TWO);
      assertThat(Memories.bytes(memory, 0x40000000, 4096)).isEqualTo(THREE);
      assertThat(Memories.ranges(memory))
          .containsExactly("0x0+0x1000", "0x100000+0x1000", "0x40000000+0x1000");
      assertThat(memory.read(0x100010, 16).isMapped()).isTrue();
      assertThat(memory.source().machine()).isEqualTo(MemorySource.Machine.X86_64);
      assertThat(memory.source().pageSize()).isEmpty();
    }
  }

  @Test
  void readsAcrossSegmentsThatAdjoinInMemoryOnly() throws IOException {
    try (PhysicalMemory memory =
        open(new ElfCoreBuilder().load(0x2000, TWO).load(0x1000, ONE).load(0x3000, THREE))) {
      byte[] read = Memories.bytes(memory, 0x1ff0, 0x1020);

      assertThat(Arrays.copyOf(read, 16)).isEqualTo(Arrays.copyOfRange(ONE, 4080, 4096));
      assertThat(Arrays.copyOfRange(read, 16, 4112)).isEqualTo(TWO);
      assertThat(Arrays.copyOfRange(read, 4112, 4128)).isEqualTo(Arrays.copyOf(THREE, 16));
      assertThat(memory.read(0x1ff0, 0x20).isReadOnly()).isTrue();
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x3000");
      assertThat(memory.contains(0x1000, 0x3000)).isTrue();
      assertThat(memory.contains(0x1000, 0x3001)).isFalse();
      assertThatThrownBy(() -> memory.read(0x2800, 0x2000))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(0x4000));
    }
  }

  @Test
  void mapsAcrossSegmentsThatAdjoinInTheFileToo() throws IOException {
    try (PhysicalMemory memory = open(new ElfCoreBuilder().load(0x1000, ONE).load(0x2000, TWO))) {
      assertThat(memory.read(0x1800, 0x1000).isMapped()).isTrue();
    }
  }

  @Test
  void leavesOutWhatTheFileDoesNotHaveOfASegment() throws IOException {
    try (PhysicalMemory memory =
        open(new ElfCoreBuilder().load(0x1000, ONE, 0x3000).load(0x9000, new byte[0], 0x1000))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
      assertThat(Memories.ramRanges(memory)).containsExactly("0x1000+0x3000", "0x9000+0x1000");
      assertThat(memory.contains(0x1800, 0x1000)).isFalse();
      assertThat(memory.isRam(0x1800, 0x2800)).isTrue();
      assertThat(memory.isRam(0x1800, 0x2801)).isFalse();
      assertThat(memory.isRam(0x9fff, 1)).isTrue();
      assertThat(memory.isRam(0x8fff, 1)).isFalse();
      assertThat(memory.isRam(-1, 0)).isTrue();
      assertThat(memory.isRam(0x1000, -1)).isFalse();
      assertAbsent(memory, 0x2000, true);
      assertAbsent(memory, 0x4000, false);
    }
  }

  private static void assertAbsent(PhysicalMemory memory, long address, boolean isRam) {
    assertThatThrownBy(() -> memory.read(address, 1))
        .isInstanceOfSatisfying(
            AbsentMemoryException.class, e -> assertThat(e.isRam()).isEqualTo(isRam));
  }

  @Test
  void ramAndWhatTheFileHasOverlap() throws IOException {
    try (PhysicalMemory memory =
        open(
            new ElfCoreBuilder()
                .load(0x3000, TWO)
                .load(0x1000, ONE, 0x2800)
                .load(0x4000, new byte[0], 0x1000))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000", "0x3000+0x1000");
      assertThat(Memories.ramRanges(memory)).containsExactly("0x1000+0x4000");
    }
  }

  @Test
  void believesNoSmallFileThatItIsOfAHugeMachine() throws IOException {
    try (PhysicalMemory memory =
        open(new ElfCoreBuilder().load(0x1000, ONE, 1L << 40).load(1L << 41, TWO, 1 << 20))) {
      assertThat(Memories.ramRanges(memory)).isEqualTo(Memories.ranges(memory));
      assertThat(memory.isRam(0x2000, 1)).isFalse();
      assertAbsent(memory, 0x2000, false);
    }
  }

  @Test
  void takesTheSegmentThatStartsFirstWhereTheyOverlap() throws IOException {
    try (PhysicalMemory memory =
        open(
            new ElfCoreBuilder()
                .load(0x1800, TWO)
                .load(0x1000, ONE)
                .load(0x1400, Arrays.copyOf(THREE, 16)))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1800");
      assertThat(Memories.bytes(memory, 0x1000, 4096)).isEqualTo(ONE);
      assertThat(Memories.bytes(memory, 0x2000, 0x800))
          .isEqualTo(Arrays.copyOfRange(TWO, 0x800, 0x1000));
    }
  }

  @Test
  void opensACoreThatWasCutOff() throws IOException {
    byte[] whole =
        new ElfCoreBuilder()
            .load(0x1000, ONE)
            .load(0x8000, TWO)
            .load(0x9000, THREE)
            .build()
            .array();
    ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(whole, whole.length - 4096 - 100));

    try (PhysicalMemory memory = open(cut)) {
      assertThat(memory.source().notes())
          .containsExactly(
              ("%s is truncated: it ends at offset 0x%x, and lacks 0x1064 bytes of the memory that"
                      + " its headers describe")
                  .formatted(memory.source().path(), cut.capacity()));
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000", "0x8000+0xf9c");
      assertThat(Memories.bytes(memory, 0x8000, 0xf9c)).isEqualTo(Arrays.copyOf(TWO, 0xf9c));
      assertThatThrownBy(() -> memory.read(0x8f00, 0x100))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class,
              e -> {
                assertThat(e.address()).isEqualTo(0x8f9c);
                assertThat(e.isRam()).isTrue();
              });
    }
  }

  @Test
  void countsProgramHeadersInASectionHeaderWhereTheyAreMany() throws IOException {
    ElfCoreBuilder many = new ElfCoreBuilder().withExtendedNumbering();
    byte[] content = {1, 2};
    for (int i = 0; i < 70_000; i++) {
      content[0] = (byte) i;
      many.load(0x1000L * i, content.clone());
    }

    try (PhysicalMemory memory = open(many)) {
      assertThat(Memories.ranges(memory)).hasSize(70_000);
      assertThat(Memories.bytes(memory, 0x1000L * 69_999, 2)).containsExactly((byte) 69_999, 2);
    }
  }

  @Test
  void readsSegmentsBeyondTwoGiB() throws IOException {
    long offset = (3L << 30) + 1;
    ByteBuffer head = new ElfCoreBuilder().load(5L << 30, ONE).build();
    head.putLong(64 + 8, offset);
    core = directory.resolve("core");
    try (FileChannel file =
        FileChannel.open(
            core,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      file.write(head, 0);
      file.write(ByteBuffer.wrap(TWO), offset);
    }

    try (PhysicalMemory memory = MemoryImages.open(core)) {
      assertThat(Memories.bytes(memory, 5L << 30, 4096)).isEqualTo(TWO);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "4096, 4096",
    "16384, 16384",
    "65536, 65536",
    "5000, ",
    "4096x, ",
    "99999999999999, "
  })
  void takesThePageSizeFromVmcoreinfo(String text, Integer expected) throws IOException {
    try (PhysicalMemory memory =
        open(
            new ElfCoreBuilder()
                .note("CORE", "abcde")
                .note("VMCOREINFO", "OSRELEASE=7.3.4\nPAGESIZE=" + text + "\nSYMBOL(x)=0\n")
                .load(0x1000, ONE))) {
      assertThat(memory.source().pageSize())
          .isEqualTo(expected == null ? OptionalInt.empty() : OptionalInt.of(expected));
    }
  }

  @Test
  void countsSegmentsOfSizeZeroOnce() throws IOException {
    Path core =
        new ElfCoreBuilder()
            .load(0x1000, new byte[0], 0x1000)
            .load(0x8000, new byte[0], 0x2000)
            .write(directory.resolve("core"));

    assertThatThrownBy(() -> MemoryImages.open(core))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            core
                + " has 2 segments of RAM, and size 0 in the file for each: its writer left all of"
                + " it out, or was stopped");
  }

  @Test
  void passesOverSegmentsWithoutAPhysicalAddress() throws IOException {
    try (PhysicalMemory memory = open(new ElfCoreBuilder().load(-1, TWO).load(0x1000, ONE))) {
      assertThat(Memories.ranges(memory)).containsExactly("0x1000+0x1000");
    }
    assertThatThrownBy(() -> open(new ElfCoreBuilder().load(-1, TWO)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(core + " is an ELF core without a segment that has a physical address");
  }

  @Test
  void refusesTheCoreOfAProcess() {
    assertThatThrownBy(() -> open(new ElfCoreBuilder().load(0, ONE).load(0, TWO).load(0, THREE)))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("it is the core of a process, not of a machine");
  }

  @ParameterizedTest
  @CsvSource({
    "4, 1, is an ELF file of class 1: only 64-bit (2) is read",
    "5, 2, has ELF byte order 2: only little-endian (1) is read",
    "16, 1, 'is an ELF file of type 1 (an object file or a module), not a core (4)'",
    "16, 2, 'is an ELF file of type 2 (a program or a vmlinux), not a core (4)'",
    "16, 5, 'is an ELF file of type 5, not a core (4)'",
    "54, 57, has ELF program headers of 57 bytes: they have 56",
    "57, 1, '257 ELF program headers at offset 0x40 run past the file''s end'",
    "33, 127, '1 ELF program headers at offset 0x7f40 run past the file''s end'",
    "39, 128, '1 ELF program headers at offset 0x8000000000000040 run past the file''s end'",
  })
  void refusesHeadersThatCannotBeRead(int at, int value, String sentence) {
    ByteBuffer bytes = new ElfCoreBuilder().load(0x1000, ONE).build();
    bytes.put(at, (byte) value);

    assertThatThrownBy(() -> open(bytes))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(core + " " + sentence);
  }

  @ParameterizedTest
  @CsvSource({
    "24, 0x7ffffffffffffff0",
    "24, 0x8000000000000000",
    "32, 0x8000000000000000",
    "32, 0x7fffffffffffffff",
    "8, 0x8000000000000000"
  })
  void refusesSegmentsThatOverflow(int at, String value) {
    ByteBuffer bytes = new ElfCoreBuilder().load(0x1000, ONE).build();
    bytes.putLong(64 + at, Long.parseUnsignedLong(value.substring(2), 16));

    assertThatThrownBy(() -> open(bytes))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("the ELF program header at offset 0x40 has 0x")
        .hasMessageEndingWith("which overflows");
  }

  @Test
  void refusesMoreProgramHeadersThanAMachineHas() {
    ByteBuffer bytes = new ElfCoreBuilder().withExtendedNumbering().load(0x1000, ONE).build();
    bytes.putInt(64 + 56 + 44, -1);

    assertThatThrownBy(() -> open(bytes))
        .hasMessage(core + " has 4294967295 ELF program headers: 262144 are the most that is read");
    bytes.putLong(40, 1L << 40);
    assertThatThrownBy(() -> open(bytes))
        .hasMessageContaining("in a section header at offset 0x10000000000, which is not in the");
  }

  @Test
  void refusesAHeaderThatIsCutOff() {
    byte[] whole = new ElfCoreBuilder().load(0x1000, ONE).build().array();

    for (int length = 4; length < 64; length++) {
      ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(whole, length)).order(ByteOrder.LITTLE_ENDIAN);
      assertThatThrownBy(() -> open(cut)).isInstanceOf(MalformedImageException.class);
    }
  }

  @Test
  void readsARealCore() throws IOException {
    byte[] bytes = KernelDumps.small("small-core.elf");

    try (PhysicalMemory memory = open(ByteBuffer.wrap(bytes))) {
      assertThat(Memories.ranges(memory))
          .containsExactly(
              "0x10000+0x4000", "0x490000+0x8000", "0x550000+0x4000", "0x732000+0x2000");
      // The handover's root FDT.
      assertThat(Memories.bytes(memory, 0x492000, 4)).containsExactly(0xd0, 0x0d, 0xfe, 0xed);
      assertThat(memory.source().machine()).isEqualTo(MemorySource.Machine.X86_64);
    }
  }
}
