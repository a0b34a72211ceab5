package org.kho4j.example.warmcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class WarmCacheTest {

  private static final int ENTRIES = 200_000;

  @TempDir Path dir;

  /** The service in a process of its own, until it is stopped. */
  private final class Service {
    private final Process process;
    private final String address;

    Service() throws IOException {
      process =
          new ProcessBuilder(
                  List.of(
                      ProcessHandle.current().info().command().orElseThrow(),
                      "--enable-native-access=ALL-UNNAMED",
                      "-cp",
                      classPath(WarmCache.class),
                      WarmCache.class.getName(),
                      "0",
                      dir.resolve("cache").toString()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
      String line = String.valueOf(out.readLine());
      assertThat(line).startsWith("listening on port ");
      address = "http://localhost:" + line.substring("listening on port ".length());
    }

    String request(String method, String path, String body) throws IOException {
      var connection =
          (java.net.HttpURLConnection) URI.create(address + path).toURL().openConnection();
      connection.setRequestMethod(method);
      if (!body.isEmpty()) {
        connection.setDoOutput(true);
        connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
      }
      try (var in =
          connection.getResponseCode() < 400
              ? connection.getInputStream()
              : connection.getErrorStream()) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
      }
    }

    void checkEntries() throws IOException {
      for (long key = 1; key <= ENTRIES; key += 19_997) {
        assertThat(request("GET", "/" + key, "")).isEqualTo(Long.toString(key * key));
      }
      assertThat(request("GET", "/" + (ENTRIES + 1), "")).isEqualTo("none");
      assertThat(request("GET", "/" + Long.MAX_VALUE, "")).isEqualTo("-5");
    }
  }

  /** Where a process of its own finds the classes, on whatever path this one has them. */
  private static String classPath(Class<?> program) {
    String file = "/" + program.getName().replace('.', '/') + ".class";
    String found = String.valueOf(program.getResource(file));
    String root = URI.create(found.substring(0, found.length() - file.length() + 1)).getPath();
    return String.join(
        ":",
        root,
        System.getProperty("java.class.path"),
        System.getProperty("jdk.module.path", ""));
  }

  @Test
  void givesTheSameAnswersAfterARestartAndAfterKill() throws Exception {
    Service first = new Service();
    assertThat(first.request("POST", "/fill/" + ENTRIES, "x")).isEqualTo("stored " + ENTRIES);
    assertThat(first.request("PUT", "/" + Long.MAX_VALUE, "-5")).isEqualTo("stored");
    first.checkEntries();
    first.process.destroy();
    first.process.waitFor();

    Service restarted = new Service();
    assertThat(restarted.request("GET", "/", "")).endsWith("the owner before closed it");
    restarted.checkEntries();
    restarted.process.destroyForcibly().waitFor();

    Service afterKill = new Service();
    assertThat(afterKill.request("GET", "/", "")).endsWith("the owner before died");
    afterKill.checkEntries();
    afterKill.process.destroyForcibly().waitFor();
  }
}
