package org.kho4j.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.kho4j.damage.Overlay;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * An image of this repository whose pages a target patches.
 *
 * @param pages addresses of the pages to patch: of a raw image, those that hold anything
 * @param handover in the image
 */
record FuzzedImage(PhysicalMemory memory, List<Long> pages, Handover handover) {

  /** Opens an image by its path from the project's directory. */
  static FuzzedImage open(String path) {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.exists(project.resolve(path))) {
      project = project.getParent();
    }
    try {
      PhysicalMemory memory = MemoryImages.open(project.resolve(path));
      return new FuzzedImage(memory, pages(memory), Handovers.find(memory).getFirst());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<FuzzedImage> vectors(String... names) {
    return Stream.of(names).map(name -> open("vectors/" + name + ".elf.zst")).toList();
  }

  private static List<Long> pages(PhysicalMemory memory) {
    boolean all = memory.source().kind() != MemorySource.Kind.RAW;
    MemorySegment zeros = MemorySegment.ofArray(new byte[Overlay.PAGE]);
    List<Long> pages = new ArrayList<>();
    memory.forEachRange((address, length) -> {
      for (long at = address; at < address + length; at += Overlay.PAGE) {
        if (all || memory.read(at, Overlay.PAGE).mismatch(zeros) >= 0) {
          pages.add(at);
        }
      }
    });
    return pages;
  }

  /** Physical address of the root FDT. */
  long root() {
    return handover.root().address();
  }
}
