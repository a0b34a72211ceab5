package org.kho4j.memory.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.KernelDumps;
import org.kho4j.memory.Memories;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/** Layouts that QEMU 7.2 told of real guests ({@code *.mtree}), and damaged ones. */
class RamLayoutTest {

  private static final long GIB = 1L << 30;

  @TempDir Path directory;

  private Path ram;

  @BeforeEach
  void name() {
    ram = directory.resolve("ram");
  }

  private Path saved(String name) throws IOException {
    return Files.write(directory.resolve(name), KernelDumps.small(name));
  }

  private Path layout(String lines) throws IOException {
    return Files.writeString(
        directory.resolve("layout"), "FlatView #0\n AS \"memory\", root: system\n" + lines);
  }

  /** A sparse RAM file, with one byte at each of some offsets: its number, from 1 on. */
  private PhysicalMemory open(RamLayout layout, long size, long... offsets) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(ram.toFile(), "rw")) {
      file.setLength(size);
      for (int i = 0; i < offsets.length; i++) {
        file.seek(offsets[i]);
        file.write(i + 1);
      }
    }
    return MemoryImages.open(ram, OpenOptions.of(layout));
  }

  @Test
  void readsAboveTheHole() throws IOException {
    RamLayout layout = RamLayout.read(saved("qemu-7.2-pc-5g.mtree"));
    try (PhysicalMemory memory = open(layout, 5 * GIB, 0xc3000, 3 * GIB - 1, 3 * GIB)) {
      // What the BIOS made read-only stands between RAM, and continues it.
      assertThat(Memories.ranges(memory))
          .containsExactly("0x0+0xc0000000", "0x100000000+0x80000000");
      assertThat(Memories.bytes(memory, 0xc3000, 1)).containsExactly(1);
      assertThat(Memories.bytes(memory, 0xbfffffffL, 1)).containsExactly(2);
      assertThat(Memories.bytes(memory, 4 * GIB, 1)).containsExactly(3);
      assertThat(memory.read(4 * GIB, 1 << 20).isMapped()).isTrue();
      assertThat(memory.source().kind()).isEqualTo(MemorySource.Kind.RAW);
      assertThatThrownBy(() -> memory.read(0xbffffff0L, 0x20))
          .isInstanceOfSatisfying(
              AbsentMemoryException.class, e -> assertThat(e.address()).isEqualTo(0xc0000000L));
    }
  }

  @Test
  void knowsWhereRamBegins() throws IOException {
    RamLayout layout = RamLayout.read(saved("qemu-7.2-virt-5g.mtree"));
    try (PhysicalMemory memory = open(layout, 5 * GIB, 0)) {
      assertThat(Memories.ranges(memory)).containsExactly("0x40000000+0x140000000");
      assertThat(Memories.bytes(memory, GIB, 1)).containsExactly(1);
    }
  }

  /** Two backends of 2 GiB, in the JSON that QMP answered. */
  @Test
  void takesTheRamThatIsNamed() throws IOException {
    Path answer = saved("qemu-7.2-pc-two-nodes.mtree.json");
    RamLayout layout = RamLayout.read(answer);
    assertThatThrownBy(() -> open(layout, 2 * GIB))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            ram
                + " has 2147483648 bytes, but several RAM areas in "
                + answer
                + " have this size; select one: ram0 (2147483648 bytes), pc.rom (131072 bytes),"
                + " pc.bios (262144 bytes), ram1 (2147483648 bytes)");
    try (PhysicalMemory memory = open(layout.only("ram1"), 2 * GIB, GIB)) {
      assertThat(Memories.ranges(memory))
          .containsExactly("0x80000000+0x40000000", "0x100000000+0x40000000");
      assertThat(Memories.bytes(memory, 4 * GIB, 1)).containsExactly(1);
    }
    assertThatThrownBy(() -> layout.only("ram2"))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageStartingWith(answer + " has no RAM \"ram2\": it has ram0 (2147483648 bytes),");
  }

  @Test
  void refusesAFileOfAnotherSize() throws IOException {
    RamLayout layout = RamLayout.read(saved("qemu-7.2-pc-5g.mtree"));
    assertThatThrownBy(() -> open(layout, 4 * GIB))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            ram
                + " has 4294967296 bytes, but no RAM in "
                + directory.resolve("qemu-7.2-pc-5g.mtree")
                + " has this size: it has ram (5368709120 bytes), pc.bios (262144 bytes)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0000000000000000-0000000000000fff (prio 0, i/o): io | has no RAM in the view",
        "8000000000000000-8000000000000fff (prio 0, ram): ram | does not end before 2^63",
        "0000000000001000-0000000000000fff (prio 0, ram): ram | begins behind its end",
        "0000000000000000-7fffffffffffffff (prio 0, ram): ram | does not end before 2^63",
        "0000000000000000-0000000000000fff (prio 0, ram): ram @ffffffffffffffff | before 2^63",
        "0000000000000000-0000000000000fff (prio 0, ram): ram @7fffffffffffffff"
            + " | runs past 2^63 in its RAM, from 0x7fffffffffffffff on",
        "0000000000000000-0000000000001fff (prio 0, ram): ram"
            + "\\n 0000000000001000-0000000000002fff (prio 0, ram): ram @0000000000002000"
            + " | begins before the one above it ends, at 0x2000",
      })
  void refusesWhatCannotBe(String line, String message) throws IOException {
    Path layout = layout(" " + line.replace("\\n", "\n") + "\n");
    assertThatThrownBy(() -> RamLayout.read(layout))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageStartingWith(layout.toString())
        .hasMessageContaining(message);
  }

  @Test
  void refusesWhatIsNoLayout() throws IOException {
    Path elf = saved("small-core.elf");
    assertThatThrownBy(() -> RamLayout.read(elf))
        .isInstanceOf(MalformedImageException.class)
        .hasMessage(
            elf
                + " is not what QEMU answers to 'info mtree -f': it has no view of address space"
                + " \"memory\"");
    assertThatThrownBy(() -> RamLayout.read(directory.resolve("missing")))
        .isInstanceOf(NoSuchFileException.class);
    Path large = directory.resolve("large");
    try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
      file.setLength(RamLayout.MAX_BYTES + 1);
    }
    assertThatThrownBy(() -> RamLayout.read(large))
        .isInstanceOf(MalformedImageException.class)
        .hasMessageContaining("has more than 4194304 bytes");
  }

  /** Other views show the same memory to others: a CPU in system management mode, say. */
  @Test
  void takesTheViewOfTheMachineAlone() throws IOException {
    Path layout =
        layout(
            """
             0000000000000000-0000000000000fff (prio 0, ram): ram KVM

            FlatView #1
             AS "cpu-smm-0", root: memory
             0000000000001000-0000000000001fff (prio 0, ram): ram @0000000000001000
            """);
    try (PhysicalMemory memory = open(RamLayout.read(layout), 0x1000)) {
      assertThat(Memories.ranges(memory)).containsExactly("0x0+0x1000");
    }
  }

  @Test
  void aLayoutIsAllThatIsSaid() throws IOException {
    RamLayout layout = RamLayout.read(saved("qemu-7.2-pc-5g.mtree"));
    assertThatThrownBy(() -> new OpenOptions(null, 4096, layout))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new OpenOptions(MemorySource.Kind.ELF, 0, layout))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(new OpenOptions(MemorySource.Kind.RAW, 0, layout).layout()).isSameAs(layout);
  }
}
