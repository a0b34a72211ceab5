package org.kho4j.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.kho4j.abi.LuoVersion;
import org.kho4j.abi.MemfdVersion;
import org.kho4j.abi.PageSize;
import org.kho4j.handover.generation.Folio;
import org.kho4j.handover.generation.Generation;
import org.kho4j.handover.generation.Setup;
import org.kho4j.handover.luo.LiveUpdateSaver;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedFile;
import org.kho4j.handover.luo.LiveUpdateSaver.SavedSession;
import org.kho4j.handover.memfd.MemfdSaver;
import org.kho4j.handover.memfd.MemfdSaver.Piece;
import org.kho4j.handover.memfd.MemfdSaver.SavedMemfd;
import org.kho4j.handover.pages.AddressRange;
import org.kho4j.handover.wire.StructureView;
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
    List<Piece> pieces = new ArrayList<>();
    for (long i = 0; i < size / (4096L << order); i++) {
      Folio folio = generation.allocate(order);
      MemorySegment bytes = generation.segment(folio);
      for (long at = 0; at < bytes.byteSize(); at += 8) {
        bytes.set(StructureView.U64, at, random.nextLong() | 0x0101010101010101L);
      }
      content.write(bytes.asByteBuffer());
      pieces.add(new Piece(folio, i << order));
    }
    SavedMemfd memfd = new SavedMemfd(size, 0, 0, pieces);
    SavedFile file = MemfdSaver.save(generation, MemfdVersion.V2, "vm", 1, memfd);
    List<SavedSession> sessions = List.of(new SavedSession("vm", List.of(file)));
    LiveUpdateSaver.save(generation, LuoVersion.V5, 1, sessions, List.of());
  }
}
