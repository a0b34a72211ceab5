package org.kho4j.memory.running;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;

class RunningMemoryTest {

  private static final long DIRECT_MAP = 0xffff_8880_0000_0000L;
  private static final long TEXT = 0xffff_ffff_8100_0000L;
  private static final long DATA_OFFSET = 0x3000;
  private static final int PAGE = 4096;

  @TempDir Path root;

  private record Load(long virtual, long physical, long length) {
    /** As Linux computes it on x86-64: without the sign extension. */
    long offset() {
      return (virtual & 0xf_ffffL) + DATA_OFFSET;
    }
  }

  @BeforeEach
  void makeHost() throws IOException {
    Files.createDirectories(root.resolve("proc"));
    iomem(
        "00001000-00004fff : System RAM",
        "00005000-00005fff : Reserved",
        "00006000-00007fff : System RAM",
        "  00006000-000067ff : Kernel code",
        "fe000000-fe0fffff : PCI Bus",
        "  00009000-00009fff : System RAM (kmem)");
    // vmalloc has no physical address, text has those of memory that the direct map has as well.
    kcore(
        new Load(0xffff_c900_0000_0000L, -1, 1L << 45),
        new Load(TEXT + 0x80000, 0x6000, PAGE),
        new Load(DIRECT_MAP + 0x1000, 0x1000, 4 * PAGE),
        new Load(DIRECT_MAP + 0x6000, 0x6000, 2 * PAGE),
        new Load(DIRECT_MAP + 0x8000, 0x8000, PAGE),
        new Load(DIRECT_MAP + 0x9000, 0x9000, PAGE));
  }

  private void iomem(String... lines) throws IOException {
    Files.write(root.resolve("proc/iomem"), List.of(lines));
  }

  /** A core in which each page of memory is filled with its number. */
  private void kcore(Load... loads) throws IOException {
    byte[] info = "PAGESIZE=4096\nSYMBOL(x)=0\n".getBytes(StandardCharsets.US_ASCII);
    long table = 64 + 56L * (loads.length + 1);
    int noteBytes = 12 + 12 + (info.length + 3 & ~3);
    ByteBuffer head = ByteBuffer.allocate((int) DATA_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
    head.putInt(0x464c457f).put((byte) 2).put((byte) 1).put((byte) 1).position(16);
    head.putShort((short) 4).putShort((short) 62).putInt(1).putLong(0).putLong(64).putLong(0);
    head.putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) (loads.length + 1));
    head.position(64);
    head.putInt(4).putInt(0).putLong(table).putLong(0).putLong(0).putLong(noteBytes).putLong(0);
    head.putLong(0);
    for (Load load : loads) {
      head.putInt(1).putInt(7).putLong(load.offset()).putLong(load.virtual).putLong(load.physical);
      head.putLong(load.length).putLong(load.length).putLong(PAGE);
    }
    head.putInt(11)
        .putInt(info.length)
        .putInt(0)
        .put("VMCOREINFO\0\0".getBytes(StandardCharsets.US_ASCII));
    head.put(info).position(0);
    try (FileChannel file = channel()) {
      file.write(head, 0);
      for (Load load : loads) {
        for (long at = 0; load.physical >= 0 && at < load.length; at += PAGE) {
          file.write(page((load.physical + at) / PAGE), load.offset() + at);
        }
      }
    }
  }

  private FileChannel channel() throws IOException {
    return FileChannel.open(
        root.resolve("proc/kcore"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static ByteBuffer page(long number) {
    ByteBuffer page = ByteBuffer.allocate(PAGE);
    while (page.hasRemaining()) {
      page.put((byte) number);
    }
    return page.flip();
  }

  private void overwrite(long physical, int value) throws IOException {
    try (FileChannel file = channel()) {
      file.write(page(value), new Load(DIRECT_MAP + physical, physical, PAGE).offset());
    }
  }

  @Test
  void readsMemoryByItsPhysicalAddress() throws IOException {
    try (RunningMemory memory = RunningMemory.open(root)) {
      assertThat(memory.read(0x1000, 1).get(JAVA_BYTE, 0)).isEqualTo((byte) 1);
      assertThat(memory.read(0x2ffe, 4).toArray(JAVA_BYTE)).containsExactly(2, 2, 3, 3);
      assertThat(memory.read(0x6000, 2 * PAGE).get(JAVA_BYTE, PAGE)).isEqualTo((byte) 7);
      assertThat(memory.read(0x9fff, 1).get(JAVA_BYTE, 0)).isEqualTo((byte) 9);
    }
  }

  @Test
  void tellsMachinePageSizeAndRam() throws IOException {
    try (RunningMemory memory = RunningMemory.open(root)) {
      assertThat(memory.source().machine()).isEqualTo(MemorySource.Machine.X86_64);
      assertThat(memory.source().pageSize()).hasValue(PAGE);
      assertThat(memory.source().bytes()).isEqualTo(7 * PAGE);
      List<String> ranges = new ArrayList<>();
      memory.forEachRange((address, length) -> ranges.add("%x+%x".formatted(address, length)));
      assertThat(ranges).containsExactly("1000+4000", "6000+2000", "9000+1000");
    }
  }

  @Test
  void readsNothingThatIomemDoesNotCallRam() throws IOException {
    try (RunningMemory memory = RunningMemory.open(root)) {
      for (long address : new long[] {0, 0x5000, 0x8000, 0xfe00_0000L}) {
        assertThatExceptionOfType(AbsentMemoryException.class)
            .isThrownBy(() -> memory.read(address, 8))
            .satisfies(absent -> assertThat(absent.isRam()).isFalse())
            .withMessageContaining("has no memory at 0x%x", address);
      }
      assertThat(memory.contains(0x4000, 2 * PAGE)).isFalse();
      assertThat(memory.reads()).isZero();
    }
  }

  @Test
  void translatesAddressesOfTheDirectMapAndOfTheKernel() throws IOException {
    try (RunningMemory memory = RunningMemory.open(root)) {
      assertThat(memory.physical(DIRECT_MAP + 0x2345)).hasValue(0x2345);
      assertThat(memory.physical(TEXT + 0x80010)).hasValue(0x6010);
      assertThat(memory.physical(0xffff_c900_0000_1000L)).isEmpty();
      assertThat(memory.physical(0)).isEmpty();
    }
  }

  @Test
  void readsVariablesOfTheKernelByTheirVirtualAddress() throws IOException {
    long vmalloc = 0xffff_c900_0000_0000L;
    overwrite(0x2000, 77);
    try (FileChannel file = channel()) {
      // An arm64 kernel's own image is in vmalloc's area, which has no physical addresses.
      file.write(page(5), new Load(vmalloc + 0x1000, -1, PAGE).offset());
    }
    try (RunningMemory memory = RunningMemory.open(root)) {
      assertThat(memory.kernelData(DIRECT_MAP + 0x2000, 8))
          .hasValueSatisfying(bytes -> assertThat(bytes.get(JAVA_BYTE, 7)).isEqualTo((byte) 77));
      assertThat(memory.kernelData(vmalloc + 0x1000, 8))
          .hasValueSatisfying(bytes -> assertThat(bytes.get(JAVA_BYTE, 0)).isEqualTo((byte) 5));
      assertThat(memory.kernelData(0xffff_0000_0000_0000L, 8)).isEmpty();
      assertThat(memory.kernelData(DIRECT_MAP + 0x9ffc, 8)).isEmpty();
      assertThat(memory.kernelData(vmalloc + (1L << 40), 8)).isEmpty();
    }
  }

  @Test
  void everyReaderSeesTheSameUntilItForgets() throws IOException {
    try (RunningMemory memory = RunningMemory.open(root)) {
      assertThat(memory.read(0x2000, 4).get(JAVA_BYTE, 0)).isEqualTo((byte) 2);
      assertThat(memory.read(0x3000, 4).get(JAVA_BYTE, 0)).isEqualTo((byte) 3);
      assertThat(memory.changed()).isEmpty();
      overwrite(0x2000, 77);
      assertThat(memory.read(0x2004, 4).get(JAVA_BYTE, 0)).isEqualTo((byte) 2);
      assertThat(memory.changed()).containsExactly(0x2000L);
      assertThat(memory.unwatched().read(0x2000, 1).get(JAVA_BYTE, 0)).isEqualTo((byte) 77);
      memory.forget();
      assertThat(memory.read(0x2000, 4).get(JAVA_BYTE, 0)).isEqualTo((byte) 77);
      assertThat(memory.changed()).isEmpty();
    }
  }

  @Test
  void readsAPageOnceHoweverOftenItIsAskedFor() throws IOException {
    try (RunningMemory memory = RunningMemory.open(root)) {
      for (int i = 0; i < 100; i++) {
        memory.read(0x1000 + i, 64);
      }
      assertThat(memory.reads()).isEqualTo(1);
      assertThat(memory.bytesRead()).isEqualTo(PAGE);
    }
  }

  @Test
  void saysWhenItIsClosed() throws IOException {
    RunningMemory memory = RunningMemory.open(root);
    memory.close();
    memory.close();
    assertThatIllegalStateException()
        .isThrownBy(() -> memory.read(0x1000, 1))
        .withMessageEndingWith("proc/kcore is closed");
  }

  @Test
  void saysWhyAHostDoesNotShowItsMemory() throws IOException {
    Path kcore = root.resolve("proc/kcore");
    Files.writeString(kcore, "");
    assertThatIOException()
        .isThrownBy(() -> RunningMemory.open(root))
        .withMessageContaining("is empty: a container hides the host's memory");
    Files.writeString(kcore, "no ELF core, and longer than the header of one, which has 64 bytes");
    assertThatExceptionOfType(MalformedImageException.class)
        .isThrownBy(() -> RunningMemory.open(root))
        .withMessageContaining("is no ELF core");
    Files.delete(kcore);
    assertThatIOException()
        .isThrownBy(() -> RunningMemory.open(root))
        .withMessageContaining("CONFIG_PROC_KCORE");
  }

  @Test
  void doesNotReadWhereIomemHidesAddresses() throws IOException {
    iomem("00000000-00000000 : System RAM", "00000000-00000000 : Reserved");
    assertThatIOException()
        .isThrownBy(() -> RunningMemory.open(root))
        .withMessageContaining("CAP_SYS_ADMIN");
    iomem("00000000-00000fff : Reserved");
    assertThatExceptionOfType(MalformedImageException.class)
        .isThrownBy(() -> RunningMemory.open(root))
        .withMessageContaining("names no System RAM");
    iomem("00005000-00001000 : System RAM");
    assertThatExceptionOfType(MalformedImageException.class)
        .isThrownBy(() -> RunningMemory.open(root))
        .withMessageContaining("is no range of memory");
    Files.delete(root.resolve("proc/iomem"));
    assertThatIOException()
        .isThrownBy(() -> RunningMemory.open(root))
        .withMessageContaining("is /proc mounted?");
  }

  @Test
  void refusesACoreThatClaimsMoreHeadersThanItHas() throws IOException {
    try (FileChannel file = channel()) {
      file.truncate(100);
    }
    assertThatIOException()
        .isThrownBy(() -> RunningMemory.open(root))
        .withMessageContaining("ends at offset 0x64");
  }
}
