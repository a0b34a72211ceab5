package org.kho4j.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SplittableRandom;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.vmalloc.OwnedArea;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.Runs;
import org.kho4j.memory.WritableMemory;

/**
 * Writes a RAM file with one memfd in it, in folios of one order scattered over memory, and the
 * memfd's content as a file of its own. Session {@code vm}, token 1. No byte is zero.
 */
public final class MemfdImage {

  private static final long SCRATCH = 0x200000;

  private MemfdImage() {}

  /**
   * Takes the RAM file, the file for the content, the memfd's size in MiB, and the folios' order.
   */
  public static void main(String[] args) throws IOException {
    long size = Long.parseLong(args[2]) << 20;
    int order = Integer.parseInt(args[3]);
    Path ram = Path.of(args[0]);
    Files.deleteIfExists(ram);
    try (WritableMemory memory = WritableMemory.create(ram, 0, size + size / 4 + (64 << 20));
        FileChannel content =
            FileChannel.open(
                Path.of(args[1]),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      List<AddressRange> scratch = List.of(new AddressRange(SCRATCH, SCRATCH));
      Generation generation =
          Generation.first(memory, Setup.of(PageSize.SIZE_4K, scratch, "6.99").scattered(7));
      memfd(generation, size, order, content);
      generation.handOver();
    }
  }

  private static void memfd(Generation generation, long size, int order, FileChannel content)
      throws IOException {
    SplittableRandom random = new SplittableRandom(11);
    long folioBytes = 4096L << order;
    int folios = (int) (size / folioBytes);
    OwnedArea list = generation.vmalloc(16L * folios, 0);
    Runs runs = list.runs();
    for (int i = 0; i < folios; i++) {
      Folio folio = generation.allocate(order);
      generation.preserve(folio);
      MemorySegment bytes = generation.segment(folio);
      for (long at = 0; at < folioBytes; at += 8) {
        bytes.set(StructureView.U64, at, random.nextLong() | 0x0101010101010101L);
      }
      content.write(bytes.asByteBuffer());
      long offset = 16L * i;
      int run = runs.indexOf(offset);
      MemorySegment entry =
          generation.memory().writable(runs.address(run) + offset - runs.offset(run), 16);
      entry.set(StructureView.U64, 0, folio.address() >>> 12 | 3L << 52);
      entry.set(StructureView.U64, 8, (long) i << order);
    }
    Folio ser = page(generation);
    MemorySegment memfd = generation.segment(ser);
    memfd.set(StructureView.U64, 8, size);
    memfd.set(StructureView.U64, 24, folios);
    generation.preserve(list).writeTo(memfd.asSlice(32, 16));
    Folio files = page(generation);
    MemorySegment file = generation.segment(files);
    file.set(StructureView.U64, 8, 1);
    file.setString(16, "memfd-v2");
    file.set(StructureView.U64, 16 + 48, ser.address());
    file.set(StructureView.U64, 16 + 56, 1);
    Folio sessions = page(generation);
    MemorySegment session = generation.segment(sessions);
    session.set(StructureView.U64, 8, 1);
    session.setString(16, "vm");
    session.set(StructureView.U64, 16 + 64, files.address());
    session.set(StructureView.U64, 16 + 72, 1);
    MemorySegment luo = generation.segment(generation.addBlob("LUO", 32)).fill((byte) 0);
    luo.setString(0, "luo-v5");
    luo.set(StructureView.U64, 16, sessions.address());
    luo.set(StructureView.U64, 24, page(generation).address());
  }

  private static Folio page(Generation generation) {
    Folio folio = generation.allocate(0);
    generation.preserve(folio);
    generation.segment(folio).fill((byte) 0);
    return folio;
  }
}
