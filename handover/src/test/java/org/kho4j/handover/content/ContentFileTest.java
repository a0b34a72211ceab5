package org.kho4j.handover.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.handmade.KernelMemory;
import org.kho4j.handover.wire.HandoverMemory;
import org.kho4j.memory.FileExtent;
import org.kho4j.memory.ForwardingMemory;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

class ContentFileTest {

  private final KernelMemory kernel = new KernelMemory();
  private final List<long[]> pieces = new ArrayList<>();

  private static final long SPARSE = 256 << 20;

  @TempDir private Path directory;

  private Path write(long size, boolean sparse, long written) throws IOException {
    Path path = directory.resolve(sparse ? "sparse" : "full");
    Content content =
        new Content(
            kernel.memory(),
            "/here",
            size,
            visitor -> pieces.forEach(piece -> visitor.piece(piece[0], piece[1], piece[2])));
    try (FileChannel channel =
            FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        ContentFile file = new ContentFile(channel, sparse, false)) {
      content.read(file);
      file.finish(size);
      assertThat(file.written()).isEqualTo(written);
    }
    assertThat(path).hasSize(size);
    return path;
  }

  private void piece(long offset, long address, long bytes) {
    pieces.add(new long[] {offset, address, bytes});
  }

  @Test
  void leavesPagesOfZerosOut() throws IOException {
    kernel.ram.zeros(0x500000, 0x5000).put(0x501fff, "a").put(0x503000, "b");
    piece(0, 0x500000, 0x5000);

    byte[] bytes = Files.readAllBytes(write(0x5000, true, 0x2000 + 1));
    assertThat(bytes[0x1fff]).isEqualTo((byte) 'a');
    assertThat(bytes[0x3000]).isEqualTo((byte) 'b');
    assertThat(bytes).isEqualTo(Files.readAllBytes(write(0x5000, false, 0x5000)));
  }

  @Test
  void leavesHolesOut() throws IOException {
    kernel.ram.put(0x500000, "a").put(0x600000, "b");
    piece(0x3000, 0x500000, 0x1000);
    piece(0x300000, 0x600000, 1);

    byte[] bytes = Files.readAllBytes(write(0x300001, true, 0x1001));
    assertThat(bytes[0x3000]).isEqualTo((byte) 'a');
    assertThat(bytes[0x300000]).isEqualTo((byte) 'b');
    assertThat(bytes).isEqualTo(Files.readAllBytes(write(0x300001, false, 0x300001)));
  }

  @Test
  void writesAFileOfNothingButAHole() throws IOException {
    write(0x100000000L, true, 1);
  }

  @Test
  void writesAnEmptyFile() throws IOException {
    write(0, true, 0);
  }

  @Test
  void aPieceOfAnyLengthIsWritten() throws IOException {
    for (int page = 0; page < 700; page++) {
      kernel.ram.put64(0x500000 + 4096L * page, page + 1L);
    }
    piece(0, 0x500000, 700 * 4096L - 100);

    byte[] bytes = Files.readAllBytes(write(700 * 4096L - 100, true, 700 * 4096L - 100));
    assertThat(bytes[699 * 4096]).isEqualTo((byte) 700);
    assertThat(bytes[699 * 4096 + 1]).isEqualTo((byte) (700 >> 8));
  }

  /** Its extents are in another file: what the kernel copies has that file's bytes. */
  private record Elsewhere(PhysicalMemory memory, FileChannel other) implements ForwardingMemory {

    @Override
    public Optional<FileExtent> extent(long address, long length) {
      return memory.extent(address, length).map(extent -> new FileExtent(other, extent.position()));
    }
  }

  private Path file(String name, int bytes, String letter) throws IOException {
    return Files.writeString(directory.resolve(name), letter.repeat(bytes));
  }

  @Test
  void hasTheKernelCopyLargePiecesWhereBlocksCanBeShared() throws IOException {
    Path path = directory.resolve("copy");
    try (PhysicalMemory ram = MemoryImages.open(file("ram", 8 << 20, "r"));
        FileChannel other = FileChannel.open(file("other", 8 << 20, "k"));
        FileChannel channel =
            FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        ContentFile file = new ContentFile(channel, true, true)) {
      Content content =
          new Content(
              new HandoverMemory(new Elsewhere(ram, other), PageSize.SIZE_4K),
              "/here",
              0x600000,
              visitor -> {
                visitor.piece(0, 0x5000, 0x1000);
                visitor.piece(0x1000, 0x1000, 0x1000);
                // Three stretches that adjoin, then a hole, then less than is worth a call.
                visitor.piece(0x2000, 0x200000, 0x280000);
                visitor.piece(0x300000, 0x500000, 0x8000);
                visitor.piece(0x400000, 0x600000, 0x40000);
                // In no block of the file.
                visitor.piece(0x500000, 0x680200, 0x40000);
              });
      content.read(file);
      file.finish(content.size());
    }

    String copied = Files.readString(path);
    assertThat(copied).hasSize(0x600000);
    assertThat(copied.substring(0, 0x2000)).isEqualTo("r".repeat(0x2000));
    assertThat(copied.substring(0x2000, 0x282000)).isEqualTo("k".repeat(0x280000));
    assertThat(copied.substring(0x282000, 0x300000)).isEqualTo("\0".repeat(0x7e000));
    assertThat(copied.substring(0x300000, 0x308000)).isEqualTo("r".repeat(0x8000));
    assertThat(copied.substring(0x308000, 0x400000)).isEqualTo("\0".repeat(0xf8000));
    assertThat(copied.substring(0x400000, 0x440000)).isEqualTo("k".repeat(0x40000));
    assertThat(copied.substring(0x440000, 0x500000)).isEqualTo("\0".repeat(0xc0000));
    assertThat(copied.substring(0x500000, 0x540000)).isEqualTo("r".repeat(0x40000));
    assertThat(copied.substring(0x540000)).isEqualTo("\0".repeat(0xc0000));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void leavesZerosOutOfLargePieces(boolean sharesBlocks) throws IOException {
    byte[] bytes = new byte[0x300000];
    Arrays.fill(bytes, 0, 0x100000, (byte) 'a');
    Arrays.fill(bytes, 0x101000, bytes.length, (byte) 'b');
    Path path = directory.resolve("copy");
    try (PhysicalMemory ram = MemoryImages.open(Files.write(directory.resolve("ram"), bytes));
        FileChannel channel =
            FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        ContentFile file = new ContentFile(channel, true, sharesBlocks)) {
      Content content =
          Content.contiguous(new HandoverMemory(ram, PageSize.SIZE_4K), "/here", 0, bytes.length);
      content.read(file);
      file.finish(content.size());
      assertThat(file.written()).isEqualTo(0x2ff000);
    }
    assertThat(path).hasBinaryContent(bytes);
  }

  @Test
  void saysThatTheSourceBecameShorter() throws IOException {
    try (PhysicalMemory ram = MemoryImages.open(file("ram", 1 << 20, "r"));
        FileChannel other = FileChannel.open(file("other", 1000, "k"));
        FileChannel channel =
            FileChannel.open(
                directory.resolve("copy"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE);
        ContentFile file = new ContentFile(channel, true, true)) {
      Content content =
          Content.contiguous(
              new HandoverMemory(new Elsewhere(ram, other), PageSize.SIZE_4K), "/here", 0, 1 << 20);
      content.read(file);
      assertThatThrownBy(() -> file.finish(content.size()))
          .isInstanceOf(IOException.class)
          .hasMessage("the source became shorter while it was read");
    }
  }

  /** The channel of an image serves all threads that read it. */
  @Test
  void anInterruptLeavesTheSourceOpen() throws IOException {
    Path ram = directory.resolve("ram");
    try (FileChannel sparse =
        FileChannel.open(ram, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      sparse.write(ByteBuffer.allocate(1), SPARSE - 1);
    }
    try (PhysicalMemory image = MemoryImages.open(ram);
        FileChannel channel =
            FileChannel.open(
                directory.resolve("copy"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE)) {
      FileExtent extent = image.extent(0, 4096).orElseThrow();
      ContentFile file = new ContentFile(channel, false, true);
      file.bytes(image.read(0, SPARSE), 0, Optional.of(extent));
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> file.finish(SPARSE)).isInstanceOf(InterruptedIOException.class);
      file.close();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(extent.channel().isOpen()).isTrue();
      assertThat(channel.isOpen()).isTrue();
    }
  }
}
