package org.kho4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** One tab of a Chromium without a window, driven by its DevTools protocol. */
final class Chromium implements AutoCloseable {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final long PATIENCE_SECONDS = 60;

  private final Process process;
  private final WebSocket socket;
  private final BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
  private final List<JsonNode> events = new ArrayList<>();
  private String session = "";
  private int lastId;

  /** The program, if there is one. */
  static Optional<Path> program() {
    return Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }

  private Chromium(Process process, URI address) {
    this.process = process;
    this.socket =
        HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(address, new Listener()).join();
  }

  /**
   * Starts one.
   *
   * @param profile a directory of its own
   */
  static Chromium start(Path profile) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                program().orElseThrow().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      BufferedReader log = process.errorReader();
      String sign = "DevTools listening on ";
      String line = log.readLine();
      while (line != null && !line.startsWith(sign)) {
        line = log.readLine();
      }
      if (line == null) {
        throw new IOException("Chromium ended before it listened");
      }
      Thread.ofVirtual().start(() -> log.lines().forEach(rest -> {}));
      Chromium chromium = new Chromium(process, URI.create(line.substring(sign.length())));
      chromium.openTab();
      return chromium;
    } catch (IOException | InterruptedException | RuntimeException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private void openTab() throws IOException, InterruptedException {
    String target =
        send("Target.createTarget", Map.of("url", "about:blank")).path("targetId").asString();
    session =
        send("Target.attachToTarget", Map.of("targetId", target, "flatten", true))
            .path("sessionId")
            .asString();
    for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
      send(domain + ".enable", Map.of());
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        answers.add(MAPPER.readTree(text.toString()));
        text.setLength(0);
      }
      from.request(1);
      return CompletableFuture.completedStage(null);
    }
  }

  /** Sends a command and waits for its answer; events that come meanwhile are kept. */
  JsonNode send(String method, Map<String, ?> parameters) throws IOException, InterruptedException {
    ObjectNode message = MAPPER.createObjectNode().put("id", ++lastId).put("method", method);
    message.set("params", MAPPER.valueToTree(parameters));
    if (!session.isEmpty()) {
      message.put("sessionId", session);
    }
    socket.sendText(MAPPER.writeValueAsString(message), true).join();
    while (true) {
      JsonNode answer = next(method);
      if (answer.path("id").asInt(-1) == lastId) {
        if (answer.has("error")) {
          throw new IOException(method + ": " + answer.path("error"));
        }
        return answer.path("result");
      }
      events.add(answer);
    }
  }

  private JsonNode next(String what) throws IOException, InterruptedException {
    JsonNode answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (answer == null) {
      throw new IOException("Chromium is silent about " + what);
    }
    return answer;
  }

  /** Shows a page in a window of that width. */
  void show(URI page, int width, boolean dark) throws IOException, InterruptedException {
    send(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", false));
    send(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    events.clear();
    send("Page.navigate", Map.of("url", page.toString()));
    while (events.stream().noneMatch(event -> isEvent(event, "Page.loadEventFired"))) {
      events.add(next("the page's load"));
    }
  }

  private static boolean isEvent(JsonNode event, String name) {
    return event.path("method").asString().equals(name);
  }

  /** Errors and warnings that the page gave rise to. */
  List<JsonNode> complaints() {
    return events.stream()
        .filter(event ->
            isEvent(event, "Log.entryAdded")
                || isEvent(event, "Runtime.exceptionThrown")
                || isEvent(event, "Runtime.consoleAPICalled"))
        .toList();
  }

  /** Addresses of everything that the page loaded. */
  List<String> loaded() {
    return events.stream()
        .filter(event -> isEvent(event, "Network.requestWillBeSent"))
        .map(event -> event.path("params").path("request").path("url").asString())
        .toList();
  }

  /** The value of an expression. */
  JsonNode evaluate(String expression) throws IOException, InterruptedException {
    JsonNode answer =
        send("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true));
    if (answer.has("exceptionDetails")) {
      throw new IOException(answer.path("exceptionDetails").toString());
    }
    return answer.path("result").path("value");
  }

  /** A picture of the page down to some height, as PNG. */
  byte[] screenshot(int width, int height) throws IOException, InterruptedException {
    JsonNode answer =
        send(
            "Page.captureScreenshot",
            Map.of(
                "captureBeyondViewport",
                true,
                "clip",
                Map.of("x", 0, "y", 0, "width", width, "height", height, "scale", 1)));
    return Base64.getDecoder().decode(answer.path("data").asString());
  }

  /** Ends the browser and every process of it: the last to end may still write to its profile. */
  @Override
  public void close() {
    socket.abort();
    List<ProcessHandle> descendants = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    descendants.forEach(ProcessHandle::destroyForcibly);
    descendants.forEach(descendant -> descendant.onExit().join());
  }
}
