package org.kho4j.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.memory.image.MemoryImages;
import org.kho4j.memory.image.OpenOptions;

/** The forms agree with one another on the memory of real kernels. */
class CapturesTest {

  private static final MemorySegment ZERO = MemorySegment.ofArray(new byte[4096]);

  @TempDir Path directory;

  @Test
  void everyPageOfTheRawCaptureIsInTheElfCore() throws IOException {
    try (PhysicalMemory raw =
            MemoryImages.open(KernelDumps.large("linux-7.3.4-jump-kho-test.ram.zst"));
        PhysicalMemory elf =
            MemoryImages.open(KernelDumps.large("linux-7.3.4-jump-kho-test.full.elf.zst"))) {
      assertThat(Memories.ranges(raw)).containsExactly("0x0+0x8000000");
      assertThat(Memories.ranges(elf)).containsExactly("0x0+0x8000000", "0xfffc0000+0x40000");
      assertThat(nonZeroPagesThatAgree(raw, elf)).isEqualTo(90);
    }
  }

  @Test
  void everyPageOfTheRawCaptureIsInTheFlattenedDump() throws IOException {
    try (PhysicalMemory raw = MemoryImages.open(KernelDumps.large("linux-7.3.4-jump-luo.ram.zst"));
        PhysicalMemory kdump =
            MemoryImages.open(KernelDumps.large("linux-7.3.4-jump-luo.full.kdump"))) {
      assertThat(kdump.source().kind()).isEqualTo(MemorySource.Kind.KDUMP);
      assertThat(kdump.source().machine()).isEqualTo(MemorySource.Machine.X86_64);
      assertThat(Memories.ranges(kdump)).containsExactly("0x0+0x20000000", "0xfffc0000+0x40000");
      assertThat(nonZeroPagesThatAgree(raw, kdump)).isEqualTo(124);
    }
  }

  @Test
  void theArm64CoreStartsWhereItsRamDoes() throws IOException {
    try (PhysicalMemory elf =
        MemoryImages.open(KernelDumps.large("linux-7.3.4-arm64-16k-jump-luo.full.elf.zst"))) {
      assertThat(elf.source().machine()).isEqualTo(MemorySource.Machine.AARCH64);
      assertThat(Memories.ranges(elf)).containsExactly("0x40000000+0x40000000");
    }
  }

  @Test
  void makedumpfileDumpsOfTheElfCoreAgreeWithIt() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/makedumpfile")), "needs makedumpfile");
    Path core = coreForMakedumpfile();
    try (PhysicalMemory elf = MemoryImages.open(core)) {
      for (String form : new String[] {"-c", "-l"}) {
        Path plain = directory.resolve("dump" + form);
        makedumpfile(null, form, "-d", "0", core.toString(), plain.toString());
        assertAgree(elf, plain);
      }
      Path flattened = directory.resolve("flat");
      makedumpfile(flattened, "-F", "-c", "-d", "0", core.toString());
      assertAgree(elf, flattened);
    }
  }

  private static void assertAgree(PhysicalMemory elf, Path dump) throws IOException {
    try (PhysicalMemory kdump = MemoryImages.open(dump)) {
      assertThat(kdump.source().kind()).isEqualTo(MemorySource.Kind.KDUMP);
      assertThat(Memories.ranges(kdump)).isEqualTo(Memories.ranges(elf));
      elf.forEachRange((address, length) ->
          assertThat(kdump.read(address, length).mismatch(elf.read(address, length)))
              .isEqualTo(-1));
    }
  }

  private static int nonZeroPagesThatAgree(PhysicalMemory raw, PhysicalMemory full) {
    int[] pages = new int[1];
    raw.forEachRange((start, length) -> {
      for (long address = start; address < start + length; address += 4096) {
        MemorySegment page = raw.read(address, 4096);
        if (page.mismatch(ZERO) != -1) {
          assertThat(full.read(address, 4096).mismatch(page))
              .as("page at 0x%x", address)
              .isEqualTo(-1);
          pages[0]++;
        }
      }
    });
    return pages[0];
  }

  private static void makedumpfile(Path stdout, String... arguments) throws Exception {
    String[] command = new String[arguments.length + 1];
    command[0] = "/usr/bin/makedumpfile";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .redirectOutput(
                stdout == null
                    ? ProcessBuilder.Redirect.DISCARD
                    : ProcessBuilder.Redirect.to(stdout.toFile()))
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
  }

  /**
   * makedumpfile looks for program headers directly behind the ELF header; QEMU's are not there.
   */
  private Path coreForMakedumpfile() throws IOException {
    Path core = directory.resolve("core");
    try (PhysicalMemory packed =
            MemoryImages.open(
                KernelDumps.large("linux-7.3.4-jump-kho-test.full.elf.zst"),
                new OpenOptions(MemorySource.Kind.RAW, 0));
        RandomAccessFile file = new RandomAccessFile(core.toFile(), "rw")) {
      FileChannel channel = file.getChannel();
      file.setLength(packed.source().bytes());
      long size = packed.source().bytes();
      for (long at = 0; at < size; at += 4096) {
        MemorySegment piece = packed.read(at, Math.min(4096, size - at));
        if (piece.mismatch(ZERO.asSlice(0, piece.byteSize())) != -1) {
          channel.write(piece.asByteBuffer(), at);
        }
      }
      ByteBuffer head = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
      channel.read(head, 0);
      byte[] table = new byte[56 * head.getShort(56)];
      head.get((int) head.getLong(32), table);
      head.putLong(32, 64).putLong(40, 0).putInt(60, 0).put(64, table);
      channel.write(head.position(0).limit(64 + table.length), 0);
    }
    return core;
  }
}
