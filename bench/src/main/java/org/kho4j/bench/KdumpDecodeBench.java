package org.kho4j.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Decodes the zlib pages of a kdump dump, by way of all that a read does: bitmap, rank, descriptor,
 * cache. Peer: {@code bench/c/KdumpDecodeBench.c}. Time is that of one page.
 *
 * <p>{@code KDUMP=FILE} names a plain (not flattened) dump. Without it the small one of memory's
 * tests is taken, its pages as often as it takes to be more than the cache of decoded pages has.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 8, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx64m"})
public class KdumpDecodeBench {

  /** More than the cache holds, so that a round after the other decodes all of them. */
  private static final int PAGES = 32768;

  private static final int HEAD = 464;

  private PhysicalMemory memory;
  private int pageSize;
  private final long[] addresses = new long[PAGES];

  @Setup
  public void open() throws IOException {
    String named = System.getenv("KDUMP");
    Path dump =
        named != null
            ? Path.of(named)
            : repeated(
                Path.of("memory/src/test/resources/org/kho4j/memory/small-zlib.kdump"),
                Path.of("bench/target/repeated.kdump"));
    memory = MemoryImages.open(dump);
    pageSize = memory.source().pageSize().orElseThrow();
    int[] found = new int[1];
    memory.forEachRange((start, length) -> {
      for (long at = start; at < start + length && found[0] < PAGES; at += pageSize) {
        addresses[found[0]++] = at;
      }
    });
    for (int i = found[0]; i < PAGES; i++) {
      addresses[i] = addresses[i % found[0]];
    }
  }

  /** A dump of 32,768 pages, made of those of a small one. */
  private static Path repeated(Path small, Path large) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(small)).order(ByteOrder.LITTLE_ENDIAN);
    int block = in.getInt(428);
    int bitmapBlocks = in.getInt(436);
    int bitmap = (1 + in.getInt(432)) * block + bitmapBlocks / 2 * block;
    int pages = 0;
    for (int i = 0; i < bitmapBlocks / 2 * block; i++) {
      pages += Integer.bitCount(in.get(bitmap + i) & 0xff);
    }
    int descriptors = bitmap + bitmapBlocks / 2 * block;
    int size = 0;
    for (int i = 0; i < PAGES; i++) {
      size += in.getInt(descriptors + i % pages * 24 + 8);
    }
    int firstPage = 4 * block + PAGES * 24;
    ByteBuffer out = ByteBuffer.allocate(firstPage + size).order(ByteOrder.LITTLE_ENDIAN);
    out.put(0, in, 0, HEAD).putInt(432, 1).putInt(436, 2);
    out.putInt(8, 6).putLong(block + 96, PAGES);
    for (int i = 0; i < PAGES / 8; i++) {
      out.put(3 * block + i, (byte) -1);
    }
    int at = firstPage;
    for (int i = 0; i < PAGES; i++) {
      int from = descriptors + i % pages * 24;
      int stored = in.getInt(from + 8);
      out.put(4 * block + i * 24, in, from, 24).putLong(4 * block + i * 24, at);
      out.put(at, in, (int) in.getLong(from), stored);
      at += stored;
    }
    return Files.write(large, out.array());
  }

  @Benchmark
  @OperationsPerInvocation(PAGES)
  public long oneThread() {
    long bytes = 0;
    for (long address : addresses) {
      bytes += memory.read(address, pageSize).byteSize();
    }
    return bytes;
  }

  @Benchmark
  @OperationsPerInvocation(PAGES)
  public long allCores() {
    return IntStream.range(0, PAGES)
        .parallel()
        .mapToLong(i -> memory.read(addresses[i], pageSize).byteSize())
        .sum();
  }

  @TearDown
  public void close() {
    memory.close();
  }
}
