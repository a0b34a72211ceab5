package org.kho4j.lab.guest;

import java.io.IOException;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** QEMU's monitor: dumps, and where the guest's memory is. */
final class Monitor implements AutoCloseable {

  private static final JsonMapper JSON = new JsonMapper();

  private static final String IGNORE_SHARED =
      """
      {"execute": "migrate-set-capabilities", "arguments":
       {"capabilities": [{"capability": "x-ignore-shared", "state": true}]}}\
      """;

  private final Remote remote;

  Monitor(Path socket, long deadline) throws IOException {
    this.remote = new Remote(socket, deadline);
    ask("{\"execute\": \"qmp_capabilities\"}");
  }

  /** Has QEMU write the guest's memory to a file. */
  void dump(Path file, String format) throws IOException {
    ask(
        """
        {"execute": "dump-guest-memory",
         "arguments": {"paging": false, "protocol": "file:%s", "format": "%s"}}\
        """
            .formatted(file, format));
  }

  /** Has QEMU write a guest to a file, but for its RAM, which is a file already. */
  void save(Path file) throws IOException {
    ask("{\"execute\": \"stop\"}");
    ask(IGNORE_SHARED);
    ask(
        """
        {"execute": "migrate", "arguments": {"uri": "exec:cat > %s"}}\
        """
            .formatted(file));
    awaitMigration();
  }

  /** Has QEMU, which waits for a guest, go on with the one that {@link #save} wrote. */
  void load(Path file) throws IOException {
    ask(IGNORE_SHARED);
    ask(
        """
        {"execute": "migrate-incoming", "arguments": {"uri": "exec:cat %s"}}\
        """
            .formatted(file));
    awaitMigration();
    ask("{\"execute\": \"cont\"}");
  }

  private void awaitMigration() throws IOException {
    String status;
    do {
      JsonNode answer = ask("{\"execute\": \"query-migrate\"}");
      status = answer.path("status").asString("none");
      if (status.equals("failed")) {
        throw new LabFailure("QEMU cannot migrate: " + answer);
      }
      Thread.onSpinWait();
    } while (!status.equals("completed"));
  }

  /** Returns the answer of QEMU's human monitor. */
  String human(String command) throws IOException {
    return ask("""
    {"execute": "human-monitor-command", "arguments": {"command-line": "%s"}}\
    """
            .formatted(command))
        .asString();
  }

  private JsonNode ask(String command) throws IOException {
    remote.write(command);
    while (true) {
      StringBuilder line = new StringBuilder();
      for (char c = remote.read(); c != '\n'; c = remote.read()) {
        line.append(c);
      }
      JsonNode answer = JSON.readTree(line.toString());
      if (answer.has("return")) {
        return answer.get("return");
      }
      if (answer.has("error")) {
        throw new LabFailure("QEMU answers %s to %s".formatted(line, command));
      }
    }
  }

  @Override
  public void close() throws IOException {
    remote.close();
  }
}
