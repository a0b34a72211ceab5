package org.kho4j.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/** The pages of a small memory image, in this JVM's heap, to be patched. */
final class CaptureMemory implements PhysicalMemory {

  private static final int PAGE = 4096;

  private final MemorySource source;
  private final TreeMap<Long, byte[]> pages = new TreeMap<>();

  private CaptureMemory(MemorySource source) {
    this.source = source;
  }

  /**
   * An image of this repository. Of a raw one only the pages that hold anything: the rest was free.
   *
   * @param path from the project's directory on
   */
  static CaptureMemory load(String path) {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.exists(project.resolve(path))) {
      project = project.getParent();
    }
    try (PhysicalMemory image = MemoryImages.open(project.resolve(path))) {
      CaptureMemory memory = new CaptureMemory(image.source());
      boolean whole = image.source().kind() != MemorySource.Kind.RAW;
      image.forEachRange((address, length) -> {
        for (long at = address; at < address + length; at += PAGE) {
          MemorySegment page = image.read(at, PAGE);
          if (whole || page.mismatch(ZEROS) >= 0) {
            memory.pages.put(at, page.toArray(ValueLayout.JAVA_BYTE));
          }
        }
      });
      return memory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PAGE]);

  /** The same pages, of which some are other. */
  CaptureMemory copy() {
    CaptureMemory copy = new CaptureMemory(source);
    copy.pages.putAll(pages);
    return copy;
  }

  int pageCount() {
    return pages.size();
  }

  long pageAddress(int number) {
    return (long) pages.keySet().toArray()[number];
  }

  void patch(long address, int offset, long value) {
    byte[] page = pages.get(address).clone();
    MemorySegment.ofArray(page).set(ValueLayout.JAVA_LONG_UNALIGNED, offset, value);
    pages.put(address, page);
  }

  @Override
  public MemorySource source() {
    return source;
  }

  @Override
  public MemorySegment read(long address, long length) {
    byte[] bytes = new byte[Math.toIntExact(length)];
    for (long at = address; at < address + length; ) {
      byte[] page = pages.get(at & -PAGE);
      if (page == null) {
        throw new AbsentMemoryException(at, "0x%x is absent".formatted(at));
      }
      int from = (int) (at & (PAGE - 1));
      int size = (int) Math.min(PAGE - from, address + length - at);
      System.arraycopy(page, from, bytes, (int) (at - address), size);
      at += size;
    }
    return MemorySegment.ofArray(bytes).asReadOnly();
  }

  @Override
  public boolean contains(long address, long length) {
    for (long at = address & -PAGE; at < address + length; at += PAGE) {
      if (!pages.containsKey(at)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    pages.keySet().forEach(address -> visitor.range(address, PAGE));
  }

  @Override
  public void close() {}
}
