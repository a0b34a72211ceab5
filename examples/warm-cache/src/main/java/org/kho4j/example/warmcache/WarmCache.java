package org.kho4j.example.warmcache;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.kho4j.linux.LinuxException;
import org.kho4j.linux.ListenFds;
import org.kho4j.linux.NotifySocket;
import org.kho4j.warm.Region;
import org.kho4j.warm.SystemdStore;
import org.kho4j.warm.WarmOptions;
import org.kho4j.warm.WarmStore;

/**
 * A cache of numbers behind HTTP, whose entries are in a warm store.
 *
 * <pre>
 * GET  /7            the value of key 7
 * PUT  /7            sets it to the body
 * POST /fill/10000000   sets keys 1 to 10,000,000
 * GET  /             how the store was found
 * </pre>
 */
public final class WarmCache {

  /** Room for 16 million entries, unless {@code -Dtable} gives another number of bytes. */
  private static final long TABLE_BYTES = Long.getLong("table", 1L << 28);

  private static final WarmOptions OPTIONS =
      WarmOptions.of("warm-cache", TABLE_BYTES + (32L << 20)).withSchema(1).settingAside();

  private final WarmStore store;
  private final Region region;
  private final LongTable table;
  private final HttpServer server;

  private WarmCache(WarmStore store, int port) throws IOException {
    this.store = store;
    this.region = store.region("entries").orElseGet(() -> store.allocate("entries", TABLE_BYTES));
    store.commit();
    this.table = new LongTable(region.segment());
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/", this::answer);
  }

  /**
   * Starts the service.
   *
   * @param arguments the port, or 0 for any; and the store's file, if it is not kept by systemd
   */
  public static void main(String[] arguments) throws IOException {
    Optional<NotifySocket> systemd = NotifySocket.open();
    WarmStore store =
        arguments.length > 1
            ? WarmStore.open(Path.of(arguments[1]), OPTIONS)
            : SystemdStore.open(
                ListenFds.take(),
                systemd.orElseThrow(() ->
                    new IOException("no store: give PORT FILE, or use a unit of Type=notify")),
                OPTIONS);
    store
        .setAside()
        .ifPresent(aside ->
            System.err.printf(
                "begins anew: %s (kept as %s)%n", aside.reason().getMessage(), aside.path()));
    WarmCache cache = new WarmCache(store, Integer.parseInt(arguments[0]));
    cache.server.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> cache.stop(systemd)));
    if (systemd.isPresent()) {
      systemd.get().ready();
    }
    System.out.println("listening on port " + cache.server.getAddress().getPort());
  }

  private void stop(Optional<NotifySocket> systemd) {
    try {
      if (systemd.isPresent()) {
        systemd.get().stopping();
      }
    } catch (LinuxException e) {
      System.err.println(e.getMessage());
    }
    server.stop(0);
    store.close();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath().substring(1);
    try {
      switch (exchange.getRequestMethod()) {
        case "GET" -> {
          if (path.isEmpty()) {
            reply(exchange, 200, status());
          } else {
            OptionalLong value = table.get(Long.parseLong(path));
            reply(
                exchange,
                value.isPresent() ? 200 : 404,
                value.isPresent() ? Long.toString(value.getAsLong()) : "none");
          }
        }
        case "PUT" -> {
          String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
          table.put(Long.parseLong(path), Long.parseLong(body.strip()));
          reply(exchange, 200, "stored");
        }
        case "POST" -> {
          long count = Long.parseLong(path.replace("fill/", ""));
          for (long key = 1; key <= count; key++) {
            table.put(key, key * key);
          }
          reply(exchange, 200, "stored " + count);
        }
        default -> reply(exchange, 405, "GET, PUT or POST");
      }
    } catch (IllegalArgumentException | IllegalStateException e) {
      reply(exchange, 400, String.valueOf(e.getMessage()));
    }
  }

  private String status() {
    String before = store.wasClean() ? "the owner before closed it" : "the owner before died";
    return "%s, generation %d, %s"
        .formatted(store.path(), store.generation(), store.isNew() ? "new" : before);
  }

  private static void reply(HttpExchange exchange, int code, String text) throws IOException {
    byte[] bytes = (text + "\n").getBytes(UTF_8);
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
