package org.kho4j.preflight.host;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The descriptors that systemd keeps for a unit. Services of systemd itself are left out: what
 * journald or logind store, as streams and devices, is for their own restart.
 *
 * @param unit name of the unit
 * @param descriptors the number of descriptors, at least one
 * @param isPreserved whether they outlive a stop of the unit: {@code
 *     FileDescriptorStorePreserve=yes}. systemd 261 and later hands such stores over at a kexec
 */
public record DescriptorStore(String unit, int descriptors, boolean isPreserved) {

  private static final Path HOST = Path.of("/");
  private static final List<String> COMMAND =
      List.of(
          "systemctl",
          "show",
          "--property=Id,NFileDescriptorStore,FileDescriptorStorePreserve",
          "*.service");

  private static final String OF_SYSTEMD = "systemd-";

  /** Most bytes of output: a unit has three short lines. */
  private static final int MAX_BYTES = 4 << 20;

  /** The time that {@code systemctl} has to answer. */
  private static final int SECONDS = 20;

  /** Returns whether systemd is the first process of a host. */
  public static boolean isSystemd(HostFiles host) throws IOException {
    return host.text("proc/1/comm").equals(Optional.of("systemd"));
  }

  /**
   * Returns the stores of a host that are not empty, by {@code systemctl show}.
   *
   * @param root the host's root directory
   * @return empty where systemd cannot be asked: {@code root} is a copy of another host's files, or
   *     {@code systemctl} fails
   */
  public static Optional<List<DescriptorStore>> read(Path root) {
    if (!root.toAbsolutePath().normalize().equals(HOST)) {
      return Optional.empty();
    }
    try {
      Process process =
          new ProcessBuilder(COMMAND)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .start();
      // Its end of the pipe is closed then, so a read of the output ends, too.
      CompletableFuture.delayedExecutor(SECONDS, TimeUnit.SECONDS)
          .execute(process::destroyForcibly);
      byte[] shown;
      try (InputStream out = process.getInputStream()) {
        shown = out.readNBytes(MAX_BYTES);
      }
      return process.waitFor() == 0
          ? Optional.of(parse(new String(shown, StandardCharsets.UTF_8)))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /**
   * Returns the stores in the output of {@code systemctl show}: units are apart by an empty line.
   */
  static List<DescriptorStore> parse(String shown) {
    List<DescriptorStore> stores = new ArrayList<>();
    Map<String, String> values = new HashMap<>();
    Stream.concat(shown.lines(), Stream.of(""))
        .forEach(line -> {
          int equals = line.indexOf('=');
          if (equals > 0) {
            values.put(line.substring(0, equals), line.substring(equals + 1).strip());
          } else {
            store(values).ifPresent(stores::add);
            values.clear();
          }
        });
    return stores;
  }

  /** Returns the store of a unit, if it is not empty. */
  private static Optional<DescriptorStore> store(Map<String, String> values) {
    String name = values.getOrDefault("Id", "");
    String count = values.getOrDefault("NFileDescriptorStore", "");
    if (name.startsWith(OF_SYSTEMD) || !count.matches("[1-9][0-9]{0,8}")) {
      return Optional.empty();
    }
    return Optional.of(
        new DescriptorStore(
            name,
            Integer.parseInt(count),
            "yes".equals(values.get("FileDescriptorStorePreserve"))));
  }
}
