package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kho4j.cli.ConsoleOfATest.kho;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kho4j.cli.captures.Captures;
import org.kho4j.cli.captures.InspectShape;
import org.kho4j.cli.captures.TestGuest;
import org.kho4j.cli.captures.TestGuest.Placed;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** What systemd stored for its units, in the memory of a machine that left through a kexec. */
class SystemdSessionTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Linux 7.3.4 at the jump of systemd 262. */
  private static final Path CAPTURE = Captures.small("systemd-262-jump");

  @TempDir private Path directory;

  private static JsonNode session(Path source) throws IOException {
    JsonNode document = MAPPER.readTree(kho(0, "inspect", source, "--json").out());
    InspectShape.check(document);
    return document.findValue("sessions").path(0);
  }

  /** A machine whose systemd stored two memfds of two units, and a session. */
  private Path machine(String name, String mapping) throws IOException {
    Path ram = directory.resolve(name);
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest
          .session("systemd")
          .memfd("systemd", 1, 5, new Placed(0, guest.folio(0x800000, 0, "hello")))
          .memfd("systemd", 2, 5, new Placed(0, guest.folio(0x801000, 0, "world")))
          .memfd("systemd", 0, mapping.length(), new Placed(0, guest.folio(0x802000, 0, mapping)))
          .session("vm-7");
    }
    return ram;
  }

  private static String units(String first, String second) {
    return """
    {"version":1,"state":{"KExecCount":4},"units":{\
    "a.service":{"fdstore":[%s,{"type":"luo_session","name":"vm","sessionName":"vm-7"}]},\
    "b.service":{"fdstore":[%s]}}}\
    """
        .formatted(first, second);
  }

  private static String fd(String name, int token) {
    return "{\"type\":\"fd\",\"name\":\"%s\",\"token\":%d}".formatted(name, token);
  }

  private Path machine() throws IOException {
    return machine("machine", units(fd("state", 1), fd("state", 2)));
  }

  @Test
  void aCaptureNamesTheUnitOfItsMemfd() throws IOException {
    assertThat(kho(0, "inspect", CAPTURE).out())
        .contains("session systemd, 2 files, descriptors of 1 unit\n")
        .contains("· 0x1 state of warm.service, memfd-v2: 1 MiB in 256 folios")
        .contains("· 0x0 systemd's mapping, memfd-v2: 430 B in 1 folio");
    assertThat(session(CAPTURE).path("systemd").toString())
        .isEqualTo(
            "{'version':1,'kexecCount':0,'units':[{'unit':'warm.service','fds':[{'name':'state','token':1}]}]}"
                .replace('\'', '"'));
    assertThat(kho(0, "verify", CAPTURE, "--json").out())
        .contains("\"storedDescriptors\" : 1")
        .doesNotContain("SYSTEMD");
  }

  @Test
  void everyStoredDescriptorHasItsUnitAndName() throws IOException {
    Path machine = machine();
    assertThat(kho(0, "inspect", machine).out())
        .contains("session systemd, 3 files, descriptors of 2 units\n")
        .contains("· 0x1 state of a.service, memfd-v2: 5 B")
        .contains("· 0x2 state of b.service, memfd-v2: 5 B")
        .contains("· vm of a.service, session vm-7\n");
    assertThat(session(machine).path("systemd").path("units").path(0).toString())
        .isEqualTo(
            "{'unit':'a.service','fds':[{'name':'state','token':1},{'name':'vm','session':'vm-7'}]}"
                .replace('\'', '"'));
    assertThat(kho(0, "verify", machine, "--only", "SYSTEMD").out()).contains("0 errors");

    Path page = directory.resolve("page.html");
    kho(0, "report", machine, "-o", page);
    assertThat(Files.readString(page))
        .contains("</code> state of b.service</th>")
        .contains("</code> systemd&#39;s mapping</th>")
        .contains(">vm of a.service: session vm-7</th>");
  }

  @Test
  void extractsByUnitAndName() throws IOException {
    Path machine = machine();
    Path out = directory.resolve("out");
    kho(0, "extract", machine, "--unit", "b.service", "--fd", "state", "-o", out);
    assertThat(out).hasContent("world");

    assertThat(kho(2, "extract", machine, "--unit", "b.service", "--fd", "stat", "-o", out).err())
        .contains(
            "has no descriptor \"stat\" of unit \"b.service\"; it has a.service state, a.service vm, b.service state");
    assertThat(kho(2, "extract", machine, "--unit", "a.service", "--fd", "vm", "-o", out).err())
        .contains("is the session \"vm-7\": --session and --token name its files");
    assertThat(kho(2, "extract", machine, "--unit", "a.service", "-o", out).err())
        .contains("give --unit and --fd together");
    Path twice = machine("twice", units(fd("state", 1) + "," + fd("state", 2), fd("x", 7)));
    assertThat(kho(2, "extract", twice, "--unit", "a.service", "--fd", "state", "-o", out).err())
        .contains("2 descriptors are the")
        .contains("--session systemd --token 0x1, --session systemd --token 0x2");
    assertThat(
            kho(2, "extract", Captures.small("jump-luo"), "--unit", "a", "--fd", "b", "-o", out)
                .err())
        .contains("has no session \"systemd\" with files, so no descriptor stores");
  }

  @Test
  void extractsTheMemfdOfTheCapture() throws IOException {
    Path out = directory.resolve("out");
    assertThat(
            kho(
                    0,
                    "extract",
                    CAPTURE,
                    "--unit",
                    "warm.service",
                    "--fd",
                    "state",
                    "-o",
                    out,
                    "--sha256")
                .out())
        .contains("sha256 aebd980920741899854558e2f97e32c12186c0d55608df13d505601c22b36f06");
  }

  /** systemd gives tokens anew for each kexec. */
  @Test
  void comparesByUnitAndNameNotByToken() throws IOException {
    Path swapped =
        machine(
            "swapped",
            units(fd("state", 2), fd("state", 1)).replace("\"KExecCount\":4", "\"KExecCount\":5"));
    assertThat(kho(1, "diff", machine(), swapped, "--changes").out())
        .contains("  ~ kexecCount 4 → 5\n")
        .contains("~ fd a.service state\n")
        .contains("~ fd b.service state\n")
        .doesNotContain("file 0x", "vm-7\n  ~");
    assertThat(kho(0, "diff", CAPTURE, CAPTURE).out()).contains("= fd warm.service state");
  }

  @Test
  void aBrokenMappingIsAnErrorAndTheRestIsShown() throws IOException {
    Path broken = machine("broken", "{\"version\":1,\"units\":{x}}");
    assertThat(kho(0, "inspect", broken).out())
        .contains("session systemd, 3 files\n")
        .contains("· 0x1 memfd-v2: 5 B")
        .contains(
            "error /LUO/session \"systemd\"/file 0x0 at 0x802016: the mapping is not JSON at offset 0x16: its form ends here\n");
    JsonNode session = session(broken);
    assertThat(session.has("systemd")).isFalse();
    assertThat(session.path("files")).hasSize(3);
    assertThat(kho(1, "verify", broken).out())
        .contains("SYSTEMD-002")
        .doesNotContain("SYSTEMD-007");
    assertThat(kho(1, "diff", machine(), broken).out())
        .contains("~ readable yes → in part", "? mapping", "? fd a.service state");
    assertThat(kho(1, "diff", broken, broken).out())
        .contains("? session systemd", "! A: /LUO/session \"systemd\"/file 0x0")
        .doesNotContain("file 0x1");
  }

  @Test
  void findsWhatSystemdWouldLose() throws IOException {
    String mapping = units(fd("state", 7), "{\"type\":\"pipe\",\"name\":\"p\"}");
    String found =
        kho(1, "verify", machine("lossy", mapping.replace("vm-7", "gone")), "--only", "SYSTEMD")
            .out();
    assertThat(found)
        .contains("SYSTEMD-005", "/fd \"p\"", "the type is \"pipe\"")
        .contains("SYSTEMD-006", "/fd \"state\"", "no file of the session has token 0x7")
        .contains("SYSTEMD-007", "no unit of the mapping has token 0x1", "has token 0x2")
        .contains("SYSTEMD-008", "there is no session \"gone\"");
  }

  @Test
  void countsTheEntriesBeyondTheFirstThousand() throws IOException {
    Path many = machine("many", units("0," + "0,".repeat(1099) + fd("state", 1), fd("state", 2)));
    assertThat(kho(1, "verify", many, "--only", "SYSTEMD-005", "--all").out())
        .contains("file 0x0 at 0x802000: 100 more entries are skipped");
  }

  @Test
  void namesDoNotDriveTheTerminal() throws IOException {
    String mapping = units(fd("\\u001b[31m", 1), fd("state", 2));
    assertThat(kho(0, "inspect", machine("hostile", mapping)).out())
        .contains("· 0x1 \\x1b[31m of a.service")
        .doesNotContain("\u001b[31m");
  }

  /** Before the jump there is no session yet, and a session without files is anyone's. */
  @Test
  void aSessionWithoutFilesHasNoMapping() throws IOException {
    Path ram = directory.resolve("empty");
    try (TestGuest guest = TestGuest.create(ram, 16 << 20)) {
      guest.session("systemd");
    }
    assertThat(kho(0, "inspect", ram).out()).contains("session systemd, 0 files\n");
    assertThat(kho(0, "verify", ram, "--only", "SYSTEMD").out()).contains("0 errors");
  }

  @Test
  void aMappingThatTheImageLacksIsNotChecked() throws IOException {
    Path cut = directory.resolve("cut");
    byte[] ram = Files.readAllBytes(machine());
    Files.write(cut, java.util.Arrays.copyOf(ram, 0x802000));
    assertThat(kho(0, "inspect", cut).out()).contains("error /LUO/session \"systemd\"/file 0x0");
    assertThat(kho(1, "verify", cut, "--json", "--only", "SYSTEMD").out())
        .contains("systemd's mapping: /LUO/session");
  }
}
