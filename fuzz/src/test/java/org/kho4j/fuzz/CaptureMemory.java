package org.kho4j.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.MemoryImages;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/** The pages of a small capture that hold anything, in this JVM's heap, to be patched. */
final class CaptureMemory implements PhysicalMemory {

  private static final int PAGE = 4096;

  private final MemorySource source;
  private final TreeMap<Long, byte[]> pages = new TreeMap<>();

  private CaptureMemory(MemorySource source) {
    this.source = source;
  }

  /** The capture with a LUO in it. */
  static CaptureMemory load() {
    Path capture =
        Path.of("cli/src/test/resources/org/kho4j/cli/captures/linux-7.3.4-jump-luo.ram.zst");
    Path project = Path.of("").toAbsolutePath();
    while (!Files.exists(project.resolve(capture))) {
      project = project.getParent();
    }
    try (PhysicalMemory image = MemoryImages.open(project.resolve(capture))) {
      CaptureMemory memory = new CaptureMemory(image.source());
      image.forEachRange((address, length) -> {
        for (long at = address; at < address + length; at += PAGE) {
          MemorySegment page = image.read(at, PAGE);
          if (page.mismatch(ZEROS) >= 0) {
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
