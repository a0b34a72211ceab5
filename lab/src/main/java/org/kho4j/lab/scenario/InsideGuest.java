package org.kho4j.lab.scenario;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.kho4j.lab.guest.Arch;
import org.kho4j.lab.guest.Guest;
import org.kho4j.lab.guest.Kernel;
import org.kho4j.lab.guest.LabFailure;
import org.kho4j.lab.guest.Machine;
import org.kho4j.lab.guest.Run;
import org.kho4j.lab.guest.Script;
import org.kho4j.lab.guest.Stage;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * kho inside of a guest, on the kernel that it runs on: what {@code inspect running} and {@code
 * verify running} say there is what debugfs shows, and what kho says outside about the guest's RAM
 * at the same time; {@code status} names the sessions that are open.
 */
final class InsideGuest {

  private static final String DEBUGFS = "/sys/kernel/debug/kho/";
  private static final long MEMORY_MIB = 2048;

  private static final String PARAMETERS =
      "test_kho.max_mem=1048576 reserve_mem=1M:65536:trace kho_scratch=";

  private static final List<String> BLOBS = List.of("kho_test", "memblock", "kexec-metadata");

  private static final String JAVA =
      "/kho/bin/java -Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData"
          + " --enable-native-access=org.kho4j.linux,org.kho4j.files -m"
          + " org.kho4j.cli/org.kho4j.cli.Kho ";

  private final Run run;
  private final Guest guest;

  private InsideGuest(Run run, Guest guest) {
    this.run = run;
    this.guest = guest;
  }

  static void run(Run run) throws Exception {
    Kernel kernel = run.kernel();
    Map<String, Path> programs = image(run);
    String parameters = PARAMETERS + scratch(kernel);
    Script first = new Script();
    first.line("session vm").line("memfd 1 300000 %d 1 0", run.told(5));
    questions(first);
    for (String blob : BLOBS) {
      first.line("into /blob %sextract running --subtree %s -o /%s --force", JAVA, blob, blob);
      first.line("dump /%s", blob).line("dump %sout/sub_fdts/%s", DEBUGFS, blob);
    }
    first.line("dump %sout/fdt", DEBUGFS);
    first.line("await first");
    Script second = new Script();
    second.line("retrieve vm").line("check 1 300000 %d 1 0", run.told(5)).line("finish");
    questions(second);
    second.line("dump %sin/fdt", DEBUGFS);
    second.line("put /proc/sys/kernel/kptr_restrict 2");
    second.line("into /searched %sinspect running --json", JAVA);
    second.line("dump /searched").line("dump /searched.err");
    second.line("await second");
    Guest guest =
        run.boot(
            Machine.small(kernel).withMemory(MEMORY_MIB),
            new Stage(kernel, parameters, first, programs),
            new Stage(kernel, parameters, second, programs));
    new InsideGuest(run, guest).go();
  }

  /**
   * Scratch regions that take an initrd with a Java run-time image. On arm64, the initrd has to lie
   * above the kernel, which goes into the first region, and that is the highest (Linux 7.3).
   */
  private static String scratch(Kernel kernel) {
    return kernel.arch() == Arch.ARM64 ? "384M,64M,64M" : "64M,384M,64M";
  }

  /** Adds the questions to both generations. */
  private static void questions(Script script) {
    script.line("dump /proc/kcore 4096").line("dump /proc/iomem").line("address kho_out");
    for (String command : List.of("inspect running", "verify running", "status")) {
      String file = "/" + command.split(" ", 2)[0];
      script.line("into %s.json %s%s --json", file, JAVA, command);
      script.line("dump %s.json", file).line("dump %s.json.err", file);
    }
  }

  /** The files of a run-time image of kho, by their places in the guest. */
  private static Map<String, Path> image(Run run) throws IOException {
    Path directory = run.directory().resolve("image");
    run.program(
        "image",
        List.of(
            run.lab().resolve("image").toString(),
            directory.toString(),
            run.kernel().arch().label()));
    Map<String, Path> programs = new HashMap<>();
    try (Stream<Path> all = Files.walk(directory)) {
      all.filter(Files::isRegularFile)
          .forEach(file -> programs.put(directory.relativize(file).toString(), file));
    }
    return programs;
  }

  private void go() throws Exception {
    String release = guest.await("lab: release (.*)").group(1);
    guest.awaitPoint("first");
    JsonNode status = json("/status.json");
    run.same("KHO", "on", status.path("kho").path("state").asString());
    run.same("LUO", "on", status.path("luo").path("state").asString());
    run.same("given", false, status.path("given").path("handedOver").asBoolean());
    run.same("the open sessions", List.of("vm"), names(status.path("sessions")));
    run.same("the processes that hold the device", 1, status.path("device").size());
    JsonNode outgoing = asOutside(json("/inspect.json"), 1);
    run.same("the role", "outgoing", outgoing.path("role").asString());
    sound();
    for (String blob : BLOBS) {
      run.same(
          "the bytes of " + blob,
          List.of(text(DEBUGFS + "out/sub_fdts/" + blob)),
          List.of(text("/" + blob)));
    }
    guest.proceed();
    guest.stopAtJump();
    guest.leaveJump();
    guest.awaitPoint("second");
    status = json("/status.json");
    run.same("given", true, status.path("given").path("handedOver").asBoolean());
    run.same("given by", release, status.path("given").path("previousRelease").asString());
    run.same("the kexec count", 1, status.path("given").path("kexecCount").asInt());
    run.same("the open sessions", List.of(), names(status.path("sessions")));
    JsonNode inspected = json("/inspect.json");
    asOutside(inspected, 2);
    sound();
    run.same(
        "what a search finds, where the kernel hides its addresses",
        outgoing(inspected),
        outgoing(json("/searched")));
    run.check(text("/searched.err").contains("all memory is searched"), "no search was announced");
    guest.proceed();
    guest.awaitEnd();
  }

  /** kho says the same about the RAM file, outside: the guest waits meanwhile. */
  private JsonNode asOutside(JsonNode inside, int count) throws Exception {
    JsonNode outside = KhoCommand.inspect(run);
    run.same("the number of handovers inside", count, inside.path("handovers").size());
    run.same("the handovers", outgoing(outside), outgoing(inside));
    return outgoing(inside);
  }

  /**
   * The outgoing handover, without what depends on the source: only the kernel itself says where
   * scratch is before a jump, and a RAM file does not have the machine's page size.
   */
  private static JsonNode outgoing(JsonNode inspected) {
    for (JsonNode handover : inspected.path("handovers")) {
      if (handover.path("role").asString().equals("outgoing")) {
        return ((ObjectNode) handover.deepCopy()).without(List.of("scratch", "pageSizeEvidence"));
      }
    }
    throw new LabFailure("no outgoing handover in " + inspected);
  }

  private void sound() {
    JsonNode verified = json("/verify.json");
    List<String> faults = new ArrayList<>();
    for (JsonNode finding : verified.path("findings")) {
      if (!finding.path("severity").asString().equals("info")) {
        faults.add(finding.toString());
      }
    }
    run.same("errors and warnings of verify running", List.of(), faults);
  }

  private static List<String> names(JsonNode array) {
    List<String> names = new ArrayList<>();
    array.forEach(node -> names.add(node.path("name").asString(node.toString())));
    return names;
  }

  private JsonNode json(String file) {
    String text = text(file);
    if (text.isEmpty()) {
      throw new LabFailure(file + " is empty: " + text(file + ".err"));
    }
    return new JsonMapper().readTree(text);
  }

  private String text(String file) {
    return new String(
        Objects.requireNonNull(guest.dumped(file), file), StandardCharsets.ISO_8859_1);
  }
}
