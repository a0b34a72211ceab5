package org.kho4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table of docs/dependencies.md, checked. */
class DependenciesTest {

  private static final Path TABLE =
      Path.of(System.getProperty("basedir", "."), "../docs/dependencies.md");
  private static final Pattern ROW =
      Pattern.compile(".*\\| `([^`]+\\.jar)` \\|.*\\| ([0-9,]+) \\|");

  /** Annotations are not there at run time; picocli is compiled here, and has a line of its own. */
  private static final Pattern NOT_A_LIBRARY =
      Pattern.compile("org\\.kho4j\\..*|org\\.jspecify|info\\.picocli");

  @Test
  void theTableHasEveryLibraryThatTheCommandRunsOn() throws IOException {
    Map<String, String> stated = new TreeMap<>();
    for (String line : Files.readAllLines(TABLE)) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        stated.put(row.group(1), row.group(2));
      }
    }
    assertThat(stated).isEqualTo(libraries());
  }

  @Test
  void aProgramWithWarmStoresNeedsNothingButTheJdk() {
    Path[] jars =
        ModuleLayer.boot().configuration().modules().stream()
            .map(module -> module.reference().location().orElseThrow())
            .filter(location -> location.getScheme().equals("file"))
            .map(Path::of)
            .toArray(Path[]::new);
    Configuration warm =
        Configuration.empty()
            .resolve(ModuleFinder.of(jars), ModuleFinder.ofSystem(), Set.of("org.kho4j.warm"));
    assertThat(warm.modules().stream().map(ResolvedModule::name))
        .contains("org.kho4j.warm", "org.kho4j.linux", "java.base")
        .allMatch(name -> name.startsWith("org.kho4j.") || name.startsWith("java."));
  }

  /** The jars that the command's module reads, directly or not: name and size. */
  private static Map<String, String> libraries() throws IOException {
    Map<String, String> libraries = new TreeMap<>();
    Queue<ResolvedModule> left = new ArrayDeque<>();
    Set<ResolvedModule> seen = new HashSet<>();
    left.add(ModuleLayer.boot().configuration().findModule("org.kho4j.cli").orElseThrow());
    while (!left.isEmpty()) {
      ResolvedModule module = left.remove();
      URI location = module.reference().location().orElseThrow();
      if (!seen.add(module) || !location.getScheme().equals("file")) {
        continue;
      }
      left.addAll(module.reads());
      if (!NOT_A_LIBRARY.matcher(module.name()).matches()) {
        Path jar = Path.of(location);
        libraries.put(jar.getFileName().toString(), "%,d".formatted(Files.size(jar)));
      }
    }
    return libraries;
  }
}
