package org.kho4j.memory.kdump;

import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;
import java.util.zip.DataFormatException;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.DamagedMemoryException;
import org.kho4j.memory.MemoryReadException;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.mapped.MappedMemory;

/**
 * A kdump-compressed dump. Bitmaps, descriptors and pages stay in the mapped file.
 *
 * <p>The first bitmap has the RAM of the machine, the second the pages in the dump. RAM that a dump
 * of level 1 left out is zeros; the content of RAM that any other level left out is unknown.
 */
public final class KdumpMemory implements PhysicalMemory {

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[1 << 16]).asReadOnly();

  /** Fewest pages of a read that several threads decode. */
  private static final int PARALLEL_PAGES = 64;

  private final MappedFile file;
  private final MemorySource source;
  private final DumpBytes dump;
  private final KdumpHeader header;
  private final DumpedPages bitmap;
  private final FrameSet readable;
  private final FrameSet ram;

  private final PageDescriptors descriptors;
  private final WrittenPages written;
  private final PageCache cache;
  private final Queue<PageDecoder> idle = new ConcurrentLinkedQueue<>();
  private final int pageSize;
  private final int pageShift;
  private volatile boolean closed;

  private KdumpMemory(MappedFile file, DumpBytes dump, KdumpHeader header) {
    this.file = file;
    this.dump = dump;
    this.header = header;
    this.bitmap = new DumpedPages(dump, header);
    this.readable = FrameSet.readable(dump, header);
    this.ram = FrameSet.ram(dump, header);
    long pages = bitmap.rank(header.endFrame());
    this.descriptors = new PageDescriptors(dump, header, pages);
    this.written = new WrittenPages(bitmap, descriptors, header.leftOutZerosAlone());
    this.pageSize = header.blockSize();
    this.pageShift = Integer.numberOfTrailingZeros(pageSize);
    this.cache = new PageCache(pageSize);
    this.source =
        new MemorySource(
            file.path(),
            MemorySource.Kind.KDUMP,
            file.size(),
            header.machine(),
            OptionalInt.of(pageSize),
            notes(pages));
  }

  private List<String> notes(long pages) {
    List<String> notes = new ArrayList<>();
    if (header.isPart()) {
      notes.add(
          "%s is a part of a split dump, with page frames 0x%x to 0x%x of 0x%x: %s"
              .formatted(
                  file.path(),
                  header.firstFrame(),
                  header.endFrame() - 1,
                  header.frames(),
                  KdumpHeader.REASSEMBLE));
    }
    notes.addAll(
        MappedMemory.notesOfCutOff(
            file.path(), file.size(), descriptors.cutOff() * header.blockSize()));
    if (dump.isTruncated() && descriptors.cutOff() == 0) {
      notes.add(
          MappedMemory.noteOfCutOff(
              file.path(), file.size(), "without the record that ends the flattened form"));
    }
    if (descriptors.empty() > 0) {
      notes.add(
          ("%s: %d of %d page descriptors have size 0, so these pages are not in the dump: its"
                  + " writer left them out, or was stopped")
              .formatted(file.path(), descriptors.empty(), pages));
    }
    return notes;
  }

  /**
   * Returns whether these are the first bytes of a dump; {@link FlattenedFile} matches flattened
   * ones.
   */
  public static boolean matches(MemorySegment bytes) {
    return KdumpHeader.matches(bytes);
  }

  /** Reads headers and bitmap of a dump; takes the file over when it succeeds. */
  public static KdumpMemory open(MappedFile file) throws MalformedImageException {
    if (!matches(file.bytes())) {
      throw new MalformedImageException(
          file.path()
              + " is not a kdump-compressed dump: it starts with neither \"KDUMP   \" nor"
              + " \"makedumpfile\"");
    }
    return open(file, DumpBytes.plain(file));
  }

  /** Reads headers and bitmap of a dump whose bytes have been located. */
  public static KdumpMemory open(MappedFile file, DumpBytes dump) throws MalformedImageException {
    return new KdumpMemory(file, dump, KdumpHeader.read(file.path(), dump));
  }

  @Override
  public MemorySource source() {
    return source;
  }

  @Override
  public MemorySegment read(long address, long length) {
    return read(address, length, true);
  }

  @Override
  public boolean isPacked() {
    return true;
  }

  @Override
  public MemorySegment peek(long address, long length) {
    return read(address, length, false);
  }

  /**
   * Reads bytes.
   *
   * @param whole whether to decode all of a page that has all of the bytes
   */
  private MemorySegment read(long address, long length, boolean whole) {
    file.requireReadable(length);
    try {
      long absent = firstAbsent(address, length);
      if (absent != address + length) {
        throw absent(absent);
      }
      long first = address >>> pageShift;
      long last = (address + length - 1) >>> pageShift;
      if (first == last) {
        int offset = (int) (address & (pageSize - 1));
        return page(first, whole ? pageSize : offset + (int) length).asSlice(offset, length);
      }
      return gather(address, length, first, last);
    } catch (IllegalStateException e) {
      throw file.explain(e);
    } catch (InternalError e) {
      throw new DamagedMemoryException(
          address, source.path() + " became shorter while it was read");
    }
  }

  private MemorySegment gather(long address, long length, long first, long last) {
    byte[] target = new byte[(int) length];
    MemorySegment all = MemorySegment.ofArray(target);
    if (last - first < PARALLEL_PAGES) {
      for (long frame = first; frame <= last; frame++) {
        copyPage(frame, address, all);
      }
      return all.asReadOnly();
    }
    try {
      LongStream.rangeClosed(first, last).parallel().forEach(f -> copyPage(f, address, all));
    } catch (MemoryReadException e) {
      // Any of several pages failed: the message names the first.
      for (long frame = first; frame < e.address() >>> pageShift; frame++) {
        page(frame);
      }
      throw e;
    }
    return all.asReadOnly();
  }

  private void copyPage(long frame, long address, MemorySegment target) {
    long start = frame << pageShift;
    long from = Math.max(start, address);
    long until = Math.min(start + pageSize, address + target.byteSize());
    MemorySegment.copy(page(frame), from - start, target, from - address, until - from);
  }

  private MemorySegment page(long frame) {
    return page(frame, pageSize);
  }

  /**
   * Returns a page or its beginning: from the file if it is stored uncompressed, otherwise decoded.
   *
   * @param length bytes to decode; more may be returned
   */
  private MemorySegment page(long frame, int length) {
    if (header.leftOutZerosAlone() && !bitmap.has(frame)) {
      return ZEROS.asSlice(0, pageSize);
    }
    byte[] known = cache.get(frame);
    if (known != null) {
      return MemorySegment.ofArray(known).asReadOnly();
    }
    MemorySegment fields = descriptors.get(bitmap.rank(frame));
    long offset = fields.get(U64, 0);
    int size = fields.get(U32, 8);
    int flags = fields.get(U32, 12);
    Compression compression = Compression.of(flags);
    if (compression == null) {
      throw damaged(frame, "its compression flags are 0x" + Integer.toHexString(flags));
    }
    if (compression == Compression.NONE ? size != pageSize : size < 1 || size > pageSize) {
      throw damaged(
          frame,
          "it is stored in "
              + Integer.toUnsignedString(size)
              + " bytes (flags 0x"
              + Integer.toHexString(flags)
              + "), a page has "
              + pageSize);
    }
    if (!dump.has(offset, size)) {
      throw damaged(
          frame,
          "its " + size + " bytes at 0x" + Long.toHexString(offset) + " are not in the file");
    }
    MemorySegment stored = dump.get(offset, size);
    if (compression == Compression.NONE) {
      return stored.asReadOnly();
    }
    byte[] bytes = new byte[length];
    decode(frame, compression, stored, bytes);
    if (length == pageSize) {
      cache.put(frame, bytes);
    }
    return MemorySegment.ofArray(bytes).asReadOnly();
  }

  private void decode(long frame, Compression compression, MemorySegment stored, byte[] bytes) {
    PageDecoder borrowed = idle.poll();
    PageDecoder decoder = borrowed != null ? borrowed : new PageDecoder(pageSize);
    try {
      decoder.decode(compression, stored, bytes);
    } catch (DataFormatException e) {
      throw damaged(frame, String.valueOf(e.getMessage()));
    } finally {
      idle.add(decoder);
      if (closed) {
        closeIdle();
      }
    }
  }

  @Override
  public boolean contains(long address, long length) {
    file.requireOpen();
    if (length <= 0) {
      return length == 0;
    }
    try {
      return firstAbsent(address, length) == address + length;
    } catch (IllegalStateException e) {
      throw file.explain(e);
    }
  }

  @Override
  public boolean isRam(long address, long length) {
    file.requireOpen();
    if (length <= 0) {
      return length == 0;
    }
    if (address < 0 || address + length < 0) {
      return false;
    }
    try {
      long end = ((address + length - 1) >>> pageShift) + 1;
      return ram.firstAbsent(address >>> pageShift, end) == end;
    } catch (IllegalStateException e) {
      throw file.explain(e);
    }
  }

  /**
   * Returns the first absent address from {@code address} on, or the end of the requested range.
   */
  private long firstAbsent(long address, long length) {
    if (address < 0 || address + length < 0) {
      // No dump has frames at such addresses.
      return address < 0 ? address : Math.max(address, header.frames() << pageShift);
    }
    long first = address >>> pageShift;
    long end = ((address + length - 1) >>> pageShift) + 1;
    long frame = readable.firstAbsent(first, end);
    if (frame > first && descriptors.missing() > 0) {
      frame = written.firstAbsent(first, frame);
    }
    return frame == end ? address + length : Math.max(address, frame << pageShift);
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    Objects.requireNonNull(visitor);
    forEachRun(readable, present(visitor));
  }

  @Override
  public void forEachDataRange(RangeVisitor visitor) {
    if (header.leftOutZerosAlone()) {
      forEachRun(bitmap.frames(), present(visitor));
    } else {
      forEachRange(visitor);
    }
  }

  @Override
  public void forEachRamRange(RangeVisitor visitor) {
    forEachRun(ram, inBytes(visitor));
  }

  private RangeVisitor present(RangeVisitor visitor) {
    RangeVisitor bytes = inBytes(visitor);
    return descriptors.missing() > 0 ? written.partsOfRuns(bytes) : bytes;
  }

  private RangeVisitor inBytes(RangeVisitor visitor) {
    Objects.requireNonNull(visitor);
    return (frame, count) -> visitor.range(frame << pageShift, count << pageShift);
  }

  private void forEachRun(FrameSet frames, RangeVisitor visitor) {
    file.requireOpen();
    try {
      frames.forEachRun(visitor);
    } catch (IllegalStateException e) {
      throw file.explain(e);
    }
  }

  private AbsentMemoryException absent(long address) {
    AbsentMemoryException absent = AbsentMemoryException.of(source, address, isRam(address, 1));
    return absent.isRam() && header.dumpLevel() > 1 && !bitmap.has(address >>> pageShift)
        ? new AbsentMemoryException(
            address, absent.getMessage() + ": a dump of level " + header.dumpLevel(), true)
        : absent;
  }

  private DamagedMemoryException damaged(long frame, String what) {
    long address = frame << pageShift;
    return new DamagedMemoryException(
        address,
        source.path() + ": the page at 0x" + Long.toHexString(address) + " is damaged: " + what);
  }

  @Override
  public void close() {
    closed = true;
    closeIdle();
    file.close();
  }

  private void closeIdle() {
    for (PageDecoder decoder = idle.poll(); decoder != null; decoder = idle.poll()) {
      decoder.close();
    }
  }
}
