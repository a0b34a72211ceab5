package org.kho4j.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.kho4j.cli.demo.DemoGeneration;
import org.kho4j.cli.output.Console;
import org.kho4j.handover.Handover;
import org.kho4j.handover.Handovers;
import org.kho4j.memory.PhysicalMemory;
import org.kho4j.memory.image.MemoryImages;

/**
 * Runs the commands that people use once each, so that the JVM can put the classes that they need
 * into the start-up cache. {@code tools/build-kho.sh} calls it; users have no need to.
 */
public final class Training {

  private Training() {}

  /**
   * Runs every command over what is given, a kernel image and then sources of a handover, and what
   * the demo's JVMs do. The last source has a session "vm" with a memfd 0x100.
   */
  public static void main(String[] arguments) throws IOException {
    List<String> sources = List.of(arguments).subList(1, arguments.length);
    commandLines(arguments[0], sources).forEach(Training::run);
    Path directory = directory();
    try {
      extract(sources.getLast(), directory);
      runDemo(directory);
    } finally {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
    System.exit(0);
  }

  /**
   * Half of the names that Files.createTempDirectory makes are formatted by other code than the
   * rest: the archive of a package, which lists what was linked, would differ from run to run.
   */
  private static Path directory() throws IOException {
    String random = Long.toHexString(ThreadLocalRandom.current().nextLong());
    return Files.createDirectory(
        Path.of(System.getProperty("java.io.tmpdir"), "kho-training-" + random));
  }

  /** A file that is large enough to be asked for its holes. */
  private static void extract(String source, Path directory) throws IOException {
    String ram = directory.resolve("large").toString();
    String memfd = directory.resolve("memfd").toString();
    run(List.of("convert", source, "--abi", "7.2", "-o", ram, "--force"));
    try (FileChannel file = FileChannel.open(Path.of(ram), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(1), 3L << 30);
    }
    run(List.of("inspect", ram));
    run(List.of("extract", ram, "--session", "vm", "--token", "0x100", "-o", memfd, "--force"));
  }

  private static void run(List<String> line) {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    for (boolean terminal : new boolean[] {false, true}) {
      Console console = new Console(OutputStream.nullOutputStream(), nowhere, terminal, terminal);
      int exit = new Kho(console, Kho.noColor()).run(line.toArray(String[]::new));
      System.out.println(exit + " " + line);
    }
  }

  /** An area of the first JVM is extracted too: the loop that copies scattered pages. */
  private static void runDemo(Path directory) throws IOException {
    Path ram = directory.resolve("ram");
    String area = directory.resolve("area").toString();
    DemoGeneration.main(new String[] {"first", ram.toString(), "67108864", "0"});
    run(List.of("extract", ram.toString(), "--vmalloc", descriptor(ram), "-o", area, "--force"));
    DemoGeneration.main(new String[] {"second", ram.toString()});
  }

  private static String descriptor(Path ram) throws IOException {
    try (PhysicalMemory memory = MemoryImages.open(ram)) {
      Handover handover = Handovers.find(memory).getFirst();
      return Long.toString(handover.subtree(DemoGeneration.SUBTREE).orElseThrow().address());
    }
  }

  private static List<List<String>> commandLines(String kernel, List<String> sources) {
    List<List<String>> lines = new ArrayList<>();
    lines.add(List.of("--version"));
    lines.add(List.of("--help"));
    lines.add(List.of("help", "completion"));
    lines.add(List.of("inspect", "--help"));
    lines.add(List.of("no-such-command"));
    lines.add(List.of("abi"));
    lines.add(List.of("abi", "versions", "kho-v4"));
    lines.add(List.of("abi", "structures", "--json"));
    lines.add(List.of("preflight", "--from", kernel, "--to", kernel));
    lines.add(List.of("preflight", "--json", "--from", kernel, "--to", kernel));
    lines.add(List.of("abi", "diff", kernel, kernel));
    for (String source : sources) {
      lines.add(List.of("preflight", "--from", source, "--to", kernel));
      lines.add(List.of("inspect", source));
      lines.add(List.of("inspect", "--json", source));
      lines.add(List.of("extract", source, "--subtree", "kexec-metadata", "-o", "-"));
      lines.add(List.of("diff", source, source));
      lines.add(List.of("verify", source));
      lines.add(List.of("verify", "--json", source));
      lines.add(List.of("report", source, "-o", "-"));
      lines.add(List.of("who", source, "0x100000"));
      lines.add(List.of("show", source));
      lines.add(List.of("show", source, "/"));
    }
    return lines;
  }
}
