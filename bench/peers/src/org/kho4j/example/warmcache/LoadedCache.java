package org.kho4j.example.warmcache;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;

/**
 * The example's service without a warm store: it loads its entries from a file before it listens.
 * {@code bench/restart} compares the two.
 *
 * <p>Arguments: {@code entries} (pairs of a key and a value, which are put one by one) or {@code
 * table} (the table's own bytes), the file, and the port; or in place of the port {@code create}
 * and the number of entries.
 */
public final class LoadedCache {

  private static final long TABLE_BYTES = 1L << 28;
  private static final int CHUNK = 1 << 20;

  private LoadedCache() {}

  /** Serves, or creates the file. */
  public static void main(String[] arguments) throws IOException {
    boolean isTable = arguments[0].equals("table");
    Path file = Path.of(arguments[1]);
    MemorySegment slots = Arena.global().allocate(TABLE_BYTES, Long.BYTES);
    LongTable table = new LongTable(slots);
    if (arguments[2].equals("create")) {
      create(file, isTable ? slots : null, table, Long.parseLong(arguments[3]));
    } else {
      load(file, isTable ? slots : null, table);
      serve(table, Integer.parseInt(arguments[2]));
    }
  }

  private static void create(Path file, MemorySegment slots, LongTable table, long entries)
      throws IOException {
    MemorySegment pairs =
        slots != null ? slots : Arena.global().allocate(entries * LongTable.SLOT_BYTES, Long.BYTES);
    for (long key = 1; key <= entries; key++) {
      if (slots != null) {
        table.put(key, key * key);
      } else {
        pairs.setAtIndex(ValueLayout.JAVA_LONG, 2 * key - 2, key);
        pairs.setAtIndex(ValueLayout.JAVA_LONG, 2 * key - 1, key * key);
      }
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0; at < pairs.byteSize(); ) {
        long length = Math.min(CHUNK, pairs.byteSize() - at);
        at += channel.write(pairs.asSlice(at, length).asByteBuffer());
      }
    }
  }

  private static void load(Path file, MemorySegment slots, LongTable table) throws IOException {
    MemorySegment chunk = Arena.global().allocate(CHUNK, Long.BYTES);
    try (FileChannel channel = FileChannel.open(file)) {
      for (long at = 0; at < channel.size(); at += CHUNK) {
        long length = Math.min(CHUNK, channel.size() - at);
        MemorySegment part = slots != null ? slots.asSlice(at, length) : chunk.asSlice(0, length);
        var target = part.asByteBuffer();
        while (target.hasRemaining() && channel.read(target) >= 0) {
          // until the chunk is full
        }
        for (long word = 0; slots == null && word < length / Long.BYTES; word += 2) {
          table.put(
              part.getAtIndex(ValueLayout.JAVA_LONG, word),
              part.getAtIndex(ValueLayout.JAVA_LONG, word + 1));
        }
      }
    }
  }

  private static void serve(LongTable table, int port) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext(
        "/",
        exchange -> {
          long key = Long.parseLong(exchange.getRequestURI().getPath().substring(1));
          OptionalLong value = table.get(key);
          byte[] text = (value.isPresent() ? value.getAsLong() + "\n" : "none\n").getBytes();
          exchange.sendResponseHeaders(value.isPresent() ? 200 : 404, text.length);
          exchange.getResponseBody().write(text);
          exchange.close();
        });
    server.start();
  }
}
