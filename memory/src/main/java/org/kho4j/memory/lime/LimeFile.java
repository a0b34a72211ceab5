package org.kho4j.memory.lime;

import static org.kho4j.files.LittleEndian.U32;
import static org.kho4j.files.LittleEndian.U64;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.kho4j.files.MalformedImageException;
import org.kho4j.files.MappedFile;
import org.kho4j.memory.MemorySource;
import org.kho4j.memory.mapped.MappedMemory;
import org.kho4j.memory.mapped.MappedRuns;
import org.kho4j.memory.mapped.RamRanges;

/**
 * A file of LiME ({@code format=lime}), or of AVML without compression: ranges of physical memory,
 * each preceded by a header.
 *
 * <pre>
 * u32 "EMiL", u32 version (1), u64 first address, u64 last address, u64 reserved; the bytes
 * </pre>
 *
 * <p>The ranges are RAM. Where the file was cut off, the RAM beyond its end is absent.
 */
public final class LimeFile {

  /** Most ranges taken from a file: 24 bytes of heap each. */
  static final int MAX_RANGES = 1 << 18;

  private static final int MAGIC = 0x4c694d45;
  private static final int HEADER = 32;

  private final MappedFile file;
  private final List<String> notes = new ArrayList<>();

  private LimeFile(MappedFile file) {
    this.file = file;
  }

  /**
   * A range of the file, with its header.
   *
   * @param header file offset of the header
   * @param end after its last address
   * @param length bytes of it that the file has
   */
  private record Range(long header, long start, long end, long length) {}

  /** Returns whether these are the first bytes of a LiME file. */
  public static boolean matches(MemorySegment bytes) {
    return bytes.byteSize() >= Integer.BYTES && bytes.get(U32, 0) == MAGIC;
  }

  /** Reads the headers; takes the file over when it succeeds. */
  public static MappedMemory open(MappedFile file) throws MalformedImageException {
    LimeFile lime = new LimeFile(file);
    List<Range> ranges = lime.ranges();
    @Nullable RamRanges ram =
        RamRanges.believed(
            ranges.stream().mapToLong(Range::start).toArray(),
            ranges.stream().mapToLong(range -> range.end - range.start).toArray(),
            file.size());
    long missing = ranges.stream().mapToLong(range -> range.end - range.start - range.length).sum();
    lime.notes.addAll(MappedMemory.notesOfCutOff(file.path(), file.size(), missing));
    MemorySource source =
        new MemorySource(
            file.path(),
            MemorySource.Kind.LIME,
            file.size(),
            MemorySource.Machine.UNKNOWN,
            OptionalInt.empty(),
            lime.notes);
    return new MappedMemory(file, source, runs(ranges), ram);
  }

  private List<Range> ranges() throws MalformedImageException {
    List<Range> ranges = new ArrayList<>();
    long at = 0;
    while (file.size() - at >= HEADER
        && (at == 0 || matches(file.slice(at, HEADER)) || hasDataFrom(at))) {
      if (ranges.size() == MAX_RANGES) {
        throw malformed("has more than " + MAX_RANGES + " LiME ranges, the most that are read");
      }
      Range range = range(at);
      ranges.add(range);
      at += HEADER + range.length;
    }
    if (ranges.isEmpty()) {
      throw malformed("ends within the first LiME header, which has 32 bytes");
    }
    if (file.size() - at < HEADER && hasDataFrom(at)) {
      notes.add(
          MappedMemory.noteOfCutOff(file.path(), file.size(), "within the header of a range"));
    }
    ranges.sort(Comparator.comparingLong(Range::start));
    for (int i = 1; i < ranges.size(); i++) {
      Range before = ranges.get(i - 1);
      Range range = ranges.get(i);
      if (range.start < before.end) {
        throw malformed(
            "has two LiME ranges with address 0x%x, at offsets 0x%x and 0x%x"
                .formatted(range.start, before.header, range.header));
      }
    }
    return ranges;
  }

  /** Returns false for the zeros behind an image on a block device, which is larger. */
  private boolean hasDataFrom(long offset) {
    return file.firstNonZero(offset) < file.size();
  }

  private static MappedRuns runs(List<Range> ranges) {
    List<Range> here = ranges.stream().filter(range -> range.length > 0).toList();
    return new MappedRuns(
        here.stream().mapToLong(Range::start).toArray(),
        here.stream().mapToLong(Range::length).toArray(),
        here.stream().mapToLong(range -> range.header + HEADER).toArray());
  }

  private Range range(long at) throws MalformedImageException {
    MemorySegment header = file.slice(at, HEADER);
    int magic = header.get(U32, 0);
    int version = header.get(U32, 4);
    if (magic != MAGIC || version != 1) {
      throw malformed(
          "has 0x%08x 0x%08x at offset 0x%x, where a LiME header has 0x%08x 0x00000001"
              .formatted(magic, version, at, MAGIC));
    }
    long start = header.get(U64, 8);
    long last = header.get(U64, 16);
    if (start < 0 || last < start || last == Long.MAX_VALUE) {
      throw malformed(
          "has at offset 0x%x a LiME range from 0x%x to 0x%x".formatted(at, start, last));
    }
    long here = Math.min(last - start + 1, file.size() - at - HEADER);
    return new Range(at, start, last + 1, here);
  }

  private MalformedImageException malformed(String what) {
    return new MalformedImageException(file.path() + " " + what);
  }
}
