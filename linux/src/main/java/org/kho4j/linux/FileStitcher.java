package org.kho4j.linux;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.kho4j.memory.Runs;
import org.kho4j.memory.Stitcher;

/** Maps runs of a file one after the other into reserved address space. */
final class FileStitcher implements Stitcher {

  private static final long HUGE_PAGE = 2L << 20;

  private final LinuxFile file;
  private final long base;
  private final ExtentBudget budget;

  FileStitcher(LinuxFile file, long base, ExtentBudget budget) {
    this.file = file;
    this.base = base;
    this.budget = budget;
  }

  @Override
  public Optional<MemorySegment> stitch(Runs runs, Arena arena) {
    long granule = granule(runs);
    int extents = runs.count();
    if (extents == 0 || granule < Linux.pageSize() || !budget.acquire(extents)) {
      return Optional.empty();
    }
    long address = 0;
    try {
      address = Mappings.reserve(runs.size(), Math.min(granule, HUGE_PAGE));
      for (int run = 0; run < extents; run++) {
        file.mapAt(address + runs.offset(run), runs.address(run) - base, runs.length(run));
      }
      long mapped = address;
      return Optional.of(
          MemorySegment.ofAddress(mapped)
              .reinterpret(runs.size(), arena, _ -> budget.unmap(mapped, runs.size(), extents)));
    } catch (LinuxException e) {
      budget.unmap(address, runs.size(), extents);
      // no mappings left, or a file of pages larger than the host's
      if (e.is(Errno.ENOMEM) || e.is(Errno.EINVAL)) {
        return Optional.empty();
      }
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      budget.unmap(address, runs.size(), extents);
      throw e;
    }
  }

  /** Returns the largest power of two on which all runs begin and end in the file. */
  private long granule(Runs runs) {
    long bits = 0;
    for (int run = 0; run < runs.count(); run++) {
      bits |= (runs.address(run) - base) | runs.length(run);
    }
    return Long.lowestOneBit(bits);
  }
}
