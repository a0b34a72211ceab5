package org.kho4j.warm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a process has done in one of its stores, in memory outside of the store that survives a
 * kill, too. A step is reported when it is complete, a commit's directory before it begins.
 */
final class KillReport {

  private static final int WORDS = 8;
  private static final int COMMITTED = 2;
  private static final int TRANSFERRED = 3;

  private final MemorySegment words;

  private KillReport(MemorySegment words) {
    this.words = words;
  }

  /** The reports of that many stores, in the file "reports". */
  static List<KillReport> open(Path directory, int stores, Arena arena) throws IOException {
    long bytes = WORDS * 8L;
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("reports"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      MemorySegment all = file.map(MapMode.READ_WRITE, 0, bytes * stores, arena);
      return IntStream.range(0, stores)
          .mapToObj(number -> new KillReport(all.asSlice(number * bytes, bytes)))
          .toList();
    }
  }

  /** A commit of that generation begins: it may be found from now on. */
  void committing(long generation, Collection<Region> regions) {
    report((int) (generation & 1), directory(regions));
  }

  /** A commit has returned: this generation or a later one has to be found from now on. */
  void committed(long generation) {
    report(COMMITTED, generation);
  }

  /** The transaction of that number has returned from its commit. */
  void transferred(long count) {
    report(TRANSFERRED, count);
  }

  long committed() {
    return words.getAtIndex(JAVA_LONG, COMMITTED);
  }

  long transferred() {
    return words.getAtIndex(JAVA_LONG, TRANSFERRED);
  }

  /** Whether these are the regions of that generation, one of the last two. */
  boolean has(long generation, Collection<Region> regions) {
    return words.getAtIndex(JAVA_LONG, generation & 1) == directory(regions);
  }

  private static long directory(Collection<Region> regions) {
    long directory = 0;
    for (Region region : regions) {
      directory = 31 * (31 * directory + region.name().hashCode()) + region.bytes();
    }
    return directory;
  }

  /** Between everything before and everything after, whatever the compiler would like. */
  private void report(int word, long value) {
    VarHandle.fullFence();
    words.setAtIndex(JAVA_LONG, word, value);
    VarHandle.fullFence();
  }
}
