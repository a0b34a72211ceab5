package org.kho4j.handover.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.handover.handmade.KernelMemory;

class ContentFileTest {

  private final KernelMemory kernel = new KernelMemory();
  private final List<long[]> pieces = new ArrayList<>();

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
        ContentFile file = new ContentFile(channel, sparse)) {
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
}
