package org.kho4j.memory.elf;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kho4j.files.MalformedImageException;
import org.kho4j.memory.mapped.MappedMemory;
import org.kho4j.memory.mapped.MappedRuns;
import org.kho4j.memory.mapped.RamRanges;

/** The segments of an ELF core that have physical memory, made into disjoint runs. */
final class SegmentTable {

  private final Path path;
  private final long fileSize;
  private final List<Segment> ram = new ArrayList<>();
  private final List<Segment> segments = new ArrayList<>();
  private int loadable;
  private long cutOff;

  SegmentTable(Path path, long fileSize) {
    this.path = path;
    this.fileSize = fileSize;
  }

  private record Segment(long address, long length, long offset) {
    long end() {
      return address + length;
    }

    boolean continuedBy(Segment next) {
      return end() == next.address && offset + length == next.offset;
    }

    Segment from(long start) {
      return new Segment(start, end() - start, offset + (start - address));
    }
  }

  /** Adds one {@code PT_LOAD}. */
  void add(ProgramHeader header) throws MalformedImageException {
    long address = header.physical();
    long inFile = header.inFile();
    long inMemory = header.inMemory();
    long offset = header.offset();
    if ((inFile == 0 && inMemory == 0) || !header.hasAddress()) {
      return;
    }
    if (inFile < 0
        || offset < 0
        || offset + inFile < 0
        || inMemory < 0
        || address < 0
        || address + Math.max(inFile, inMemory) < 0) {
      throw new MalformedImageException(
          path
              + ": the ELF program header at offset 0x"
              + Long.toHexString(header.at())
              + " has 0x"
              + Long.toHexString(inFile)
              + " bytes of 0x"
              + Long.toHexString(inMemory)
              + " at file offset 0x"
              + Long.toHexString(offset)
              + " for physical address 0x"
              + Long.toHexString(address)
              + ", which overflows");
    }
    ram.add(new Segment(address, Math.max(inFile, inMemory), 0));
    loadable += inFile > 0 ? 1 : 0;
    long here = Math.max(0, Math.min(inFile, fileSize - offset));
    cutOff += inFile - here;
    if (here > 0) {
      segments.add(new Segment(address, here, offset));
    }
  }

  /** Returns the notes of the memory source. */
  List<String> notes() {
    return MappedMemory.notesOfCutOff(path, fileSize, cutOff);
  }

  /**
   * Returns the RAM that the segments describe; null, for the part in the file, if that is
   * implausibly much.
   */
  @Nullable RamRanges ram() {
    ram.sort(Comparator.comparingLong(Segment::address));
    return RamRanges.believed(
        ram.stream().mapToLong(Segment::address).toArray(),
        ram.stream().mapToLong(Segment::length).toArray(),
        fileSize);
  }

  MappedRuns toRuns() throws MalformedImageException {
    if (loadable == 0 && !ram.isEmpty()) {
      throw new MalformedImageException(
          "%s has %d segments of RAM, and size 0 in the file for each: its writer left all of it out,"
                  .formatted(path, ram.size())
              + " or was stopped");
    }
    if (loadable == 0) {
      throw new MalformedImageException(
          path + " is an ELF core without a segment that has a physical address");
    }
    if (segments.size() > 1 && segments.stream().allMatch(s -> s.address == 0)) {
      throw new MalformedImageException(
          path
              + " has no physical addresses (all "
              + segments.size()
              + " segments claim 0x0): it is the core of a process, not of a machine");
    }
    segments.sort(Comparator.comparingLong(Segment::address));
    List<Segment> runs = new ArrayList<>(segments.size());
    for (Segment segment : segments) {
      append(runs, segment);
    }
    return new MappedRuns(
        runs.stream().mapToLong(Segment::address).toArray(),
        runs.stream().mapToLong(Segment::length).toArray(),
        runs.stream().mapToLong(Segment::offset).toArray());
  }

  /**
   * Appends a segment; overlaps are normal: kexec-tools describes the kernel's text once more
   * beside the RAM that it lies in, so /proc/vmcore has those bytes twice. The segment that starts
   * first is taken.
   */
  private static void append(List<Segment> runs, Segment next) {
    if (runs.isEmpty()) {
      runs.add(next);
      return;
    }
    Segment last = runs.getLast();
    if (next.end() <= last.end()) {
      return;
    }
    Segment rest = next.address < last.end() ? next.from(last.end()) : next;
    if (last.continuedBy(rest)) {
      runs.set(runs.size() - 1, new Segment(last.address, last.length + rest.length, last.offset));
    } else {
      runs.add(rest);
    }
  }
}
