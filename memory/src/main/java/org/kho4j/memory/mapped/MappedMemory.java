package org.kho4j.memory.mapped;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kho4j.files.MappedFile;
import org.kho4j.memory.AbsentMemoryException;
import org.kho4j.memory.FileExtent;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.PhysicalMemory;

/** Physical memory that is stored uncompressed in a mapped file: a raw RAM file or an ELF core. */
public final class MappedMemory implements PhysicalMemory {

  private final MappedFile file;
  private final MemorySource source;
  private final MappedRuns runs;
  private final @Nullable RamRanges ram;

  /**
   * Creates memory over a file that has all RAM. Closing the memory closes the file.
   *
   * @param runs all of them inside of the file
   */
  public MappedMemory(MappedFile file, MemorySource source, MappedRuns runs) {
    this(file, source, runs, null);
  }

  /**
   * Creates memory over a file that may lack RAM. Closing the memory closes the file.
   *
   * @param runs all of them inside of the file
   * @param ram of the machine, the runs and what the file does not have; null if it has all
   */
  public MappedMemory(
      MappedFile file, MemorySource source, MappedRuns runs, @Nullable RamRanges ram) {
    this.file = file;
    this.source = source;
    this.runs = runs;
    this.ram = ram;
  }

  /**
   * Returns the note of a {@link MemorySource} about a file that ends before the memory that its
   * headers describe; an empty list for a complete file.
   *
   * @param missing bytes of that memory that are not in the file
   */
  public static List<String> notesOfCutOff(Path path, long fileSize, long missing) {
    return missing == 0
        ? List.of()
        : List.of(
            noteOfCutOff(
                path,
                fileSize,
                "and lacks 0x%x bytes of the memory that its headers describe".formatted(missing)));
  }

  /**
   * Returns the note of a {@link MemorySource} about a file that ends too early.
   *
   * @param how it ends, as the rest of a sentence
   */
  public static String noteOfCutOff(Path path, long fileSize, String how) {
    return "%s is truncated: it ends at offset 0x%x, %s".formatted(path, fileSize, how);
  }

  @Override
  public MemorySource source() {
    return source;
  }

  @Override
  public MemorySegment read(long address, long length) {
    file.requireReadable(length);
    int run = runs.find(address);
    if (run >= 0 && length <= runs.end(run) - address) {
      return file.slice(runs.offsetOf(run, address), length);
    }
    return gather(address, length);
  }

  @Override
  public Optional<FileExtent> extent(long address, long length) {
    file.requireOpen();
    int run = runs.find(address);
    return run < 0 || length > runs.end(run) - address
        ? Optional.empty()
        : file.channel().map(channel -> new FileExtent(channel, runs.offsetOf(run, address)));
  }

  /** Copies from runs that adjoin in memory and not in the file. */
  private MemorySegment gather(long address, long length) {
    // Nothing is allocated before all bytes are known to be present.
    long absent = runs.firstAbsent(address, length);
    if (absent != address + length) {
      throw AbsentMemoryException.of(source, absent, ram != null && ram.contains(absent, 1));
    }
    byte[] copy = new byte[(int) length];
    MemorySegment target = MemorySegment.ofArray(copy);
    int run = runs.find(address);
    try {
      for (long done = 0; done < length; run++) {
        long from = address + done;
        long part = Math.min(length - done, runs.end(run) - from);
        target.asSlice(done, part).copyFrom(file.slice(runs.offsetOf(run, from), part));
        done += part;
      }
    } catch (IllegalStateException e) {
      throw file.explain(e);
    }
    return target.asReadOnly();
  }

  @Override
  public boolean contains(long address, long length) {
    file.requireOpen();
    if (length <= 0) {
      return length == 0;
    }
    return runs.firstAbsent(address, length) == address + length;
  }

  @Override
  public boolean isRam(long address, long length) {
    if (ram == null || length <= 0) {
      return contains(address, length);
    }
    file.requireOpen();
    return ram.contains(address, length);
  }

  @Override
  public void forEachRange(RangeVisitor visitor) {
    Objects.requireNonNull(visitor);
    file.requireOpen();
    runs.forEachMerged(visitor);
  }

  @Override
  public void forEachRamRange(RangeVisitor visitor) {
    if (ram == null) {
      forEachRange(visitor);
      return;
    }
    Objects.requireNonNull(visitor);
    file.requireOpen();
    ram.forEach(visitor);
  }

  @Override
  public void forEachDataRange(RangeVisitor visitor) {
    Objects.requireNonNull(visitor);
    file.requireOpen();
    for (int run = 0; run < runs.count(); run++) {
      long start = runs.start(run);
      long offset = runs.offsetOf(run, start);
      file.forEachData(
          offset,
          runs.end(run) - start,
          (data, length) -> visitor.range(start + (data - offset), length));
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
