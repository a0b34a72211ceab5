package org.kho4j.fleet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** The verdicts that kinds of hosts are known to have, and what a fleet of them has to have. */
final class KnownMatrix {

  private static final Path KERNELS =
      Path.of("../cli/src/test/resources/org/kho4j/cli/preflight/kernels").toAbsolutePath();

  private final List<String> kernels;
  private final Map<String, List<String>> verdicts = new LinkedHashMap<>();

  private KnownMatrix(List<String> lines) {
    List<String> head = List.of(lines.getFirst().split("\t"));
    kernels = head.subList(1, head.size() - 1);
    for (String line : lines.subList(1, lines.size())) {
      List<String> cells = List.of(line.split("\t"));
      verdicts.put(cells.getFirst(), cells.subList(1, cells.size() - 1));
    }
  }

  static KnownMatrix read() throws IOException {
    try (var in =
        Objects.requireNonNull(KnownMatrix.class.getResourceAsStream("known-verdicts.tsv"))) {
      List<String> lines =
          new String(in.readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .filter(line -> !line.startsWith("# ") || line.startsWith("# kind"))
              .toList();
      return new KnownMatrix(lines);
    }
  }

  /** The profiles of the kernels, by path. */
  List<String> kernels() {
    return kernels.stream().map(name -> KERNELS.resolve(name + ".json").toString()).toList();
  }

  /** The verdict on each host and kernel, by {@code group/host kernel}. */
  Map<String, String> cells(List<FleetGenerator.Made> hosts) {
    Map<String, String> cells = new TreeMap<>();
    for (FleetGenerator.Made host : hosts) {
      List<String> known = verdicts.get(host.kind());
      for (int i = 0; i < kernels.size(); i++) {
        cells.put(
            "%s/%s %s.json".formatted(host.group(), host.host(), kernels.get(i)), known.get(i));
      }
    }
    return cells;
  }

  static List<String> arguments(Path folder, List<String> kernels, Path out) {
    List<String> arguments = new ArrayList<>(List.of("fleet", folder.toString(), "--to"));
    arguments.addAll(kernels);
    arguments.addAll(List.of("-o", out.toString(), "--cmdline", FleetGenerator.COMMAND_LINE));
    return arguments;
  }
}
