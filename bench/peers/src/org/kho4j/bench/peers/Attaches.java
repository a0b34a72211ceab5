package org.kho4j.bench.peers;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import net.openhft.chronicle.map.ChronicleMap;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.HTreeMap;
import org.mapdb.Serializer;

/**
 * A process of its own: attaches what the one before left, reads one value, and prints the
 * milliseconds that took within the JVM. {@code bench/warm} measures the whole process, too.
 *
 * <p>Arguments: what ({@code warm}, {@code chronicle}, {@code mapdb}, {@code snapshot}), a
 * directory, a number (GiB of a store and of a snapshot, thousands of entries of a map), and {@code
 * create} or {@code attach}.
 */
public final class Attaches {

  private Attaches() {}

  /** Creates or attaches. */
  public static void main(String[] arguments) throws IOException {
    Path directory = Path.of(arguments[1]);
    int size = Integer.parseInt(arguments[2]);
    boolean create = arguments[3].equals("create");
    long start = System.nanoTime();
    long value =
        switch (arguments[0]) {
          case "warm" -> warm(directory.resolve("warm-" + size), size, create);
          case "chronicle" -> chronicle(directory.resolve("chronicle-" + size), size, create);
          case "mapdb" -> mapDb(directory.resolve("mapdb-" + size), size, create);
          case "snapshot" -> snapshot(directory.resolve("snapshot-" + size), size, create);
          default -> throw new IllegalArgumentException(arguments[0]);
        };
    System.out.printf("%.2f%n", (System.nanoTime() - start) / 1e6);
    if (value != 7) {
      throw new IllegalStateException("the value is " + value);
    }
  }

  private static long warm(Path file, long gibibytes, boolean create) throws IOException {
    long bytes = (gibibytes << 30) - (64 << 20);
    WarmOptions options = WarmOptions.of("bench", gibibytes << 30).withoutReserving();
    try (WarmStore store = WarmStore.open(file, options)) {
      if (create) {
        store.allocate("words", bytes).segment().set(JAVA_LONG, bytes - 8, 7);
      }
      return store.region("words").orElseThrow().segment().get(JAVA_LONG, bytes - 8);
    }
  }

  private static long chronicle(Path file, long thousands, boolean create) throws IOException {
    try (ChronicleMap<Long, byte[]> map = Maps.chronicle(file.toFile(), thousands * 1000)) {
      if (create) {
        for (long key = 0; key < thousands * 1000; key++) {
          map.put(key, new byte[64]);
        }
        byte[] seven = new byte[64];
        seven[0] = 7;
        map.put(thousands, seven);
      }
      return map.get(thousands)[0];
    }
  }

  private static long mapDb(Path file, long thousands, boolean create) {
    try (DB db = DBMaker.fileDB(file.toFile()).fileMmapEnable().make()) {
      HTreeMap<Long, byte[]> map =
          db.hashMap("entries", Serializer.LONG, Serializer.BYTE_ARRAY).createOrOpen();
      if (create) {
        for (long key = 0; key < thousands * 1000; key++) {
          map.put(key, new byte[64]);
        }
        byte[] seven = new byte[64];
        seven[0] = 7;
        map.put(thousands, seven);
      }
      return map.get(thousands)[0];
    }
  }

  /** Reads all of a file into memory, as a service does that starts from a snapshot. */
  private static long snapshot(Path file, long gibibytes, boolean create) throws IOException {
    long bytes = gibibytes << 30;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(bytes, Long.BYTES);
      if (create) {
        memory.set(JAVA_LONG, bytes - 8, 7);
        try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
          for (long at = 0; at < bytes; at += 1 << 28) {
            channel.write(memory.asSlice(at, 1 << 28).asByteBuffer());
          }
        }
      } else {
        try (FileChannel channel = FileChannel.open(file)) {
          for (long at = 0; at < bytes; ) {
            at += channel.read(memory.asSlice(at, Math.min(1 << 28, bytes - at)).asByteBuffer());
          }
        }
      }
      return memory.get(JAVA_LONG, bytes - 8);
    }
  }
}
