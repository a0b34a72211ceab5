package org.kho4j.memory.running;

import static org.kho4j.files.LittleEndian.U16;
import static org.kho4j.files.LittleEndian.U64;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.DamagedMemoryException;
import org.kho4j.memory.ForwardingMemory;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.elf.ElfCore;
import org.kho4j.memory.elf.ProgramHeader;
import org.kho4j.memory.mapped.MappedRuns;
import org.kho4j.memory.mapped.RamRanges;

/**
 * The memory of the running host: the segments of {@code /proc/kcore} with physical addresses that
 * {@code /proc/iomem} lists as System RAM. Holes and device memory are never read.
 *
 * <p>The kernel changes memory while it is read. Small reads are cached, at most 64 MiB, so that
 * every reader of this object sees the same bytes; {@link #changed} reads them again. Larger reads
 * go to memory each time.
 *
 * <p>The kernel shows zeros for a page that is offline, poisoned, or missing in its direct map,
 * without an error (fs/proc/kcore.c, Linux 7.3).
 */
public final class RunningMemory implements PhysicalMemory {

  /** Fewest bytes of a read that is content rather than structure. */
  private static final int LARGE = 1 << 16;

  private static final int ELF_HEADER_SIZE = 64;

  /** Most bytes of notes: a task, a few registers, and VMCOREINFO. */
  private static final long MAX_NOTES = 1 << 20;

  private final Kcore kcore;
  private final MemorySource source;
  private final MappedRuns runs;
  private final RamRanges ram;
  private final List<ProgramHeader> segments;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong bytesRead = new AtomicLong();
  private WatchedPages watched = new WatchedPages(this::fill);

  private RunningMemory(
      Kcore kcore, ElfCore.Layout layout, RamRanges ram, List<ProgramHeader> segments)
      throws MalformedImageException {
    this.kcore = kcore;
    this.ram = ram;
    this.segments = segments;
    runs = layout.runs().within(ram);
    if (runs.count() == 0) {
      throw new MalformedImageException(
          kcore.path() + " has no segment that /proc/iomem names System RAM");
    }
    MemorySource elf = layout.source();
    source =
        new MemorySource(
            kcore.path(),
            MemorySource.Kind.ELF,
            ram.bytes(),
            elf.machine(),
            elf.pageSize(),
            List.of());
  }

  /**
   * Opens the memory of a host.
   *
   * @param root the host's root directory: {@code /}, or a copy of the files of another one
   * @throws MalformedImageException if {@code /proc/kcore} is no ELF core with physical addresses
   * @throws IOException if the host does not show its memory to this process; the message has the
   *     reason
   */
  public static RunningMemory open(Path root) throws IOException {
    Kcore kcore = Kcore.open(root);
    try {
      RamRanges ram = SystemRam.read(root);
      MemorySegment headers = headers(kcore);
      ElfCore.Layout layout = ElfCore.layout(kcore.path(), headers, Long.MAX_VALUE);
      List<ProgramHeader> segments =
          programHeaders(headers).filter(header -> header.type() == ProgramHeader.LOAD).toList();
      return new RunningMemory(kcore, layout, ram, segments);
    } catch (IOException | RuntimeException | Error e) {
      kcore.close();
      throw e;
    }
  }

  /** Reads the program headers, and the notes behind them. */
  private static MemorySegment headers(Kcore kcore) throws IOException {
    MemorySegment start;
    try {
      start = read(kcore, ELF_HEADER_SIZE);
    } catch (EOFException e) {
      throw new IOException(
          kcore.path()
              + " is empty: a container hides the host's memory (/dev/null is mounted there)",
          e);
    }
    if (!ElfCore.matches(start) || start.get(U64, 32) != ELF_HEADER_SIZE) {
      throw new MalformedImageException(
          kcore.path() + " is no ELF core whose program headers are behind its header");
    }
    long end = ELF_HEADER_SIZE + (long) count(start) * ProgramHeader.SIZE;
    MemorySegment table = read(kcore, end);
    long notes =
        programHeaders(table)
            .filter(header -> header.type() == ProgramHeader.NOTE && header.offset() == end)
            .mapToLong(ProgramHeader::inFile)
            .filter(length -> length > 0 && length <= MAX_NOTES)
            .findFirst()
            .orElse(0);
    return notes == 0 ? table : read(kcore, end + notes);
  }

  private static int count(MemorySegment headers) {
    return Short.toUnsignedInt(headers.get(U16, 56));
  }

  private static Stream<ProgramHeader> programHeaders(MemorySegment headers) {
    return IntStream.range(0, count(headers))
        .mapToObj(
            i -> ProgramHeader.read(headers, ELF_HEADER_SIZE + (long) i * ProgramHeader.SIZE));
  }

  private static MemorySegment read(Kcore kcore, long bytes) throws IOException {
    byte[] read = new byte[(int) bytes];
    kcore.read(ByteBuffer.wrap(read), 0);
    return MemorySegment.ofArray(read);
  }

  @Override
  public MemorySource source() {
    return source;
  }

  /**
   * Returns the physical address of a virtual address of the kernel. {@code /proc/kcore} has it for
   * the direct map, and on x86-64 for the kernel's image; not for vmalloc's area, which holds the
   * image of an arm64 kernel (Linux 7.3).
   */
  public OptionalLong physical(long virtual) {
    return segments.stream()
        .filter(segment -> segment.hasAddress() && segment.covers(virtual, 1))
        .mapToLong(segment -> segment.physical() + (virtual - segment.virtual()))
        .findFirst();
  }

  /**
   * Reads the bytes of a kernel variable, from memory each time.
   *
   * @param virtual address of the variable
   * @param bytes number of bytes, at least 1
   * @return empty if {@code /proc/kcore} does not show them
   */
  public Optional<MemorySegment> kernelData(long virtual, int bytes) {
    requireOpen();
    OptionalLong offset =
        segments.stream()
            .filter(segment -> segment.covers(virtual, bytes))
            .mapToLong(segment -> segment.offset() + (virtual - segment.virtual()))
            .findFirst();
    if (offset.isEmpty()) {
      return Optional.empty();
    }
    byte[] copy = new byte[bytes];
    try {
      kcore.read(ByteBuffer.wrap(copy), offset.getAsLong());
    } catch (IOException e) {
      return Optional.empty();
    }
    return Optional.of(MemorySegment.ofArray(copy).asReadOnly());
  }

  /** Returns the same memory for a search, without caching. */
  public PhysicalMemory unwatched() {
    return new Unwatched(this);
  }

  /** Returns the addresses of cached bytes that have changed since, ascending. */
  public List<Long> changed() {
    requireOpen();
    return watched.changed();
  }

  /** Drops the cached bytes. No other thread may be reading. */
  public void forget() {
    requireOpen();
    watched.close();
    watched = new WatchedPages(this::fill);
  }

  /**
   * Returns the number of bytes of small reads that exceeded the cache of 64 MiB since {@link
   * #forget}.
   */
  public long unwatchedBytes() {
    return watched.unwatched();
  }

  /** Returns the number of reads of the file, without its headers. */
  public long reads() {
    return reads.get();
  }

  /** Returns the number of bytes of memory that were read from the file. */
  public long bytesRead() {
    return bytesRead.get();
  }

  @Override
  public MemorySegment read(long address, long length) {
    requireThere(address, length);
    if (length >= LARGE) {
      return direct(address, length);
    }
    byte[] copy = new byte[(int) length];
    MemorySegment target = MemorySegment.ofArray(copy);
    for (long done = 0; done < length; ) {
      long from = address + done;
      int run = runs.find(from);
      long start = Math.max(from & -WatchedPages.PIECE, runs.start(run));
      int bytes = (int) (Math.min(end(start), runs.end(run)) - start);
      long part = Math.min(length - done, start + bytes - from);
      MemorySegment.copy(watched.piece(start, bytes), from - start, target, done, part);
      done += part;
    }
    return target.asReadOnly();
  }

  /** Returns the end of the page that has an address. */
  private static long end(long address) {
    return (address & -WatchedPages.PIECE) + WatchedPages.PIECE;
  }

  private MemorySegment direct(long address, long length) {
    byte[] copy = new byte[(int) length];
    MemorySegment target = MemorySegment.ofArray(copy);
    fill(address, target);
    return target.asReadOnly();
  }

  /** Reads from memory that is present. */
  private void fill(long address, MemorySegment target) {
    long length = target.byteSize();
    for (long done = 0; done < length; ) {
      long from = address + done;
      int run = runs.find(from);
      long part = Math.min(length - done, runs.end(run) - from);
      try {
        kcore.read(target.asSlice(done, part).asByteBuffer(), runs.offsetOf(run, from));
      } catch (IOException e) {
        requireOpen();
        throw new DamagedMemoryException(
            from, "%s cannot be read at 0x%x: %s".formatted(source.path(), from, e.getMessage()));
      }
      reads.incrementAndGet();
      bytesRead.addAndGet(part);
      done += part;
    }
  }

  private void requireThere(long address, long length) {
    if (length < 1 || length > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a read of " + length + " bytes: from 1 to " + Integer.MAX_VALUE + " can be asked for");
    }
    requireOpen();
    long absent = runs.firstAbsent(address, length);
    if (absent != address + length) {
      throw AbsentMemoryException.of(source, absent, ram.contains(absent, 1));
    }
  }

  @Override
  public boolean contains(long address, long length) {
    requireOpen();
    return length <= 0 ? length == 0 : runs.firstAbsent(address, length) == address + length;
  }

  @Override
  public boolean isRam(long address, long length) {
    requireOpen();
    return length <= 0 ? length == 0 : ram.contains(address, length);
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    requireOpen();
    runs.forEachMerged(visitor);
  }

  @Override
  public void forEachRamRange(RangeVisitor visitor) {
    requireOpen();
    ram.forEach(visitor);
  }

  private void requireOpen() {
    if (closed.get()) {
      throw new IllegalStateException(source.path() + " is closed");
    }
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    watched.close();
    try {
      kcore.close();
    } catch (IOException e) {
      // The file was only read.
    }
  }

  /** The memory as a search reads it, without caching. */
  private record Unwatched(RunningMemory memory) implements ForwardingMemory {

    @Override
    public MemorySegment read(long address, long length) {
      memory.requireThere(address, length);
      return memory.direct(address, length);
    }
  }
}
