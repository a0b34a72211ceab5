package org.kho4j.lab.guest;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The guest's own description of its handover, to store beside a capture: none of it comes from our
 * reading of its memory.
 */
final class CaptureFacts {

  private static final String KHO = "/sys/kernel/debug/kho/out/";
  private static final String MEMORY = "/proc/meminfo";

  /** The root FDT and the blobs that are complete before the jump. */
  private static final List<String> SHOWN =
      List.of("fdt", "sub_fdts/kho_test", "sub_fdts/memblock", "sub_fdts/kexec-metadata");

  private CaptureFacts() {}

  /** The last lines of the first kernel's script. */
  static String script() {
    Script script = new Script().line("dump %s", MEMORY);
    SHOWN.forEach(name -> script.line("dump %s%s", KHO, name));
    return script.toString();
  }

  /** Keeps what the guest answered to them. */
  static void add(Run run, Guest guest) {
    run.fact("kernel", run.kernel().name());
    Matcher release = guest.console().first("lab: release (.*)");
    run.fact("release", release == null ? "" : release.group(1));
    run.fact("pageSize", run.kernel().pageSize().bytes());
    byte[] memory = guest.dumped(MEMORY);
    if (memory != null) {
      Matcher huge =
          Pattern.compile("ShmemHugePages: +(\\d+) kB")
              .matcher(new String(memory, StandardCharsets.US_ASCII));
      if (huge.find()) {
        run.fact("shmemHugeBytes", Long.parseLong(huge.group(1)) << 10);
      }
    }
    Map<String, String> shown = new LinkedHashMap<>();
    for (String name : SHOWN) {
      byte[] bytes = guest.dumped(KHO + name);
      if (bytes != null) {
        shown.put(name, HexFormat.of().formatHex(bytes));
      }
    }
    run.fact("debugfs", shown);
  }
}
