package org.kho4j.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.kho4j.abi.KhoScratch;
import org.kho4j.abi.PageSize;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.boot.BootData;
import org.kho4j.handover.wire.StructureView;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.Stitcher;
import org.kho4j.memory.WritableMemory;

/**
 * A handover of this repository in memory that a generation can boot on. Behind the image's last
 * page is a scratch region with the boot record and the scratch array, and memory that is free.
 *
 * @param base physical address of the file's first byte
 * @param bootRecord physical address of a setup_data
 * @param pages addresses of the pages to patch: those of the image, and the boot record's
 */
record RestorableImage(FileChannel file, long base, long bootRecord, List<Long> pages) {

  private static final int SCRATCH_BYTES = 4 << 20;
  private static final int FREE_BYTES = 28 << 20;

  /** Opens an image by its path from the project's directory. */
  static RestorableImage open(String path) {
    FuzzedImage image = FuzzedImage.open(path);
    long[] end = new long[1];
    image.memory().forEachRange((address, length) -> end[0] = address + length);
    long base = image.pages().getFirst() & -(long) SCRATCH_BYTES;
    long scratch = (end[0] + SCRATCH_BYTES - 1) & -(long) SCRATCH_BYTES;
    try {
      Path name = Files.createTempFile("kho4j-fuzz-", ".ram");
      name.toFile().deleteOnExit();
      FileChannel file = FileChannel.open(name, StandardOpenOption.READ, StandardOpenOption.WRITE);
      List<Long> pages = new ArrayList<>(image.pages());
      try (WritableMemory memory =
          map(file, base, scratch + SCRATCH_BYTES + FREE_BYTES - base, MapMode.READ_WRITE)) {
        for (long page : pages) {
          copy(image.memory(), memory, page);
        }
        writeBoot(memory, image, scratch);
      }
      pages.add(scratch);
      return new RestorableImage(file, base, scratch, pages);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(PhysicalMemory from, WritableMemory to, long page) {
    to.writable(page, Overlay.PAGE).copyFrom(from.read(page, Overlay.PAGE));
  }

  private static void writeBoot(WritableMemory memory, FuzzedImage image, long scratch) {
    PageSize pageSize = image.handover().pageSize();
    int entry = KhoScratch.STRUCTURE.headerSize();
    long array = scratch + 1024;
    StructureView region =
        new StructureView(KhoScratch.STRUCTURE, array, memory.writable(array, entry));
    region.setAddress(KhoScratch.ADDR, scratch);
    region.set(KhoScratch.SIZE, SCRATCH_BYTES);
    new BootData(image.root(), pageSize.bytes(), array, entry).writeSetupData(memory, scratch);
  }

  /** Memory of its own: what is written to it is seen by nobody else, and ends with it. */
  WritableMemory memory() {
    try {
      return map(file, base, file.size(), MapMode.PRIVATE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @SuppressWarnings("MustBeClosed")
  private static WritableMemory map(FileChannel file, long base, long size, MapMode mode)
      throws IOException {
    Arena arena = Arena.ofConfined();
    MemorySegment mapping = file.map(mode, 0, size, arena);
    return WritableMemory.over(Path.of("image"), mapping, base, arena, Stitcher.NONE);
  }
}
